import { cleanUp, waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { startFleet } from './fleet.ts';
import { config, startNode } from './node.ts';

afterEach(cleanUp);

test('two agents of one name are told by the name, and an agent that was started again is none of two', async () => {
  const fleet = await startFleet();
  const first = await startNode(fleet);
  const version = await fleet.publish({ 'haproxy.cfg': config(first.port, 'one') });
  await fleet.answerTo(version);
  const { dataDir } = first;
  await first.stop();
  await startNode(fleet, { FLOTILLA_DATA_DIR: dataDir, PORT: String(first.port) });
  const status = async () => (await fleet.status())[0];
  const name = await waitFor(async () => (await status())?.clockMs != null && (await status())?.instance.id, {
    what: 'a second report of the agent that was started again',
  });
  expect((await status())?.rival).toBeNull();
  const other = await startNode(fleet);
  const told = await waitFor(
    async () => {
      const { instance, rival } = (await status()) ?? {};
      return rival && instance && [instance.id, rival.id].sort();
    },
    { what: 'the other of the same name', deadlineMs: 20_000 },
  );
  expect(told).toContain(name);
  await other.stop();
  await waitFor(async () => (await status())?.rival === null && (await status())?.instance.id === name, {
    what: 'one agent of the name again',
    deadlineMs: 40_000,
  });
});
