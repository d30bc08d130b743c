import { createServer } from 'node:net';
import { cleanUp, haproxyOf, onCleanup, waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { startFleet } from '../fleet.ts';
import { type Node, answers, config, startNode } from '../node.ts';

afterEach(cleanUp);

async function hold(port: number): Promise<() => Promise<unknown>> {
  const holder = createServer();
  await new Promise<void>((resolve, reject) => {
    holder.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const free = () => new Promise((resolve) => holder.close(resolve));
  onCleanup(() => {
    holder.close();
  });
  return free;
}

const levels = (node: Node, text: string) =>
  node.log.filter(({ msg }) => msg?.includes(text)).map(({ level }) => level);

test('what fails the same way again and again is one line of the log', async () => {
  const fleet = await startFleet();
  const first = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(first.port, 'one') }));
  await first.stop();
  const free = await hold(first.port);
  // Nobody has news for it meanwhile.
  await fleet.server.kill();
  const node = await startNode(fleet, { FLOTILLA_DATA_DIR: first.dataDir, PORT: String(first.port) });
  const tries = () => levels(node, 'HAProxy is not at its version');
  await waitFor(() => tries().length >= 4, { what: 'some tries', deadlineMs: 20_000 });
  expect(tries().filter((level) => level === 'error')).toHaveLength(1);
  await free();
  await answers(node, 'one');
  await fleet.server.restart();
  await waitFor(() => node.checks['redis']?.() === undefined, { what: 'Redis to be back' });
  // Before that Redis ends, as it has something to report.
  await node.stop();
});

test('a HAProxy that died and does not start again is one line of the log', async () => {
  const fleet = await startFleet();
  const node = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'one') }));
  // It is started again soon, so it is a race for the port.
  const free = await waitFor(
    () => {
      for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
      return hold(node.port);
    },
    { what: 'the port', everyMs: 1 },
  );
  const tries = () => levels(node, 'HAProxy does not start');
  await waitFor(() => tries().length >= 3, { what: 'some tries', deadlineMs: 20_000 });
  expect(tries().filter((level) => level === 'error')).toHaveLength(1);
  await free();
  await answers(node, 'one');
});
