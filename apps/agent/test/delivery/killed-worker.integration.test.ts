import { setImmediate } from 'node:timers/promises';
import { cleanUp, haproxyOf, waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { startFleet } from '../fleet.ts';
import { answers, config, startNode } from '../node.ts';

afterEach(cleanUp);

test('a version is not blamed for a worker that is killed while HAProxy reloads', async () => {
  const fleet = await startFleet();
  const node = await startNode(fleet);
  const publish = (text: string) => fleet.publish({ 'haproxy.cfg': config(node.port, text) });
  await fleet.answerTo(await publish('0'));

  let kills = 0;
  for (let round = 1; round <= 6; round++) {
    const known = new Set(haproxyOf(node.dataDir));
    const published = await publish(String(round));
    const deadline = performance.now() + 10_000;
    let fresh: number | undefined;
    while (fresh === undefined && performance.now() < deadline) {
      await setImmediate();
      fresh = haproxyOf(node.dataDir).find((pid) => !known.has(pid));
      if (fresh === undefined) continue;
      process.kill(fresh, 'SIGKILL');
      kills++;
    }
    await answers(node, String(round));
    expect(await fleet.answerTo(published)).toMatchObject({ kind: 'ack' });
  }
  expect(kills).toBe(6);
  // Some were killed before they were proven, or nothing was tried here.
  expect(node.log.filter(({ msg }) => msg === 'HAProxy is not at its version; trying again')).not.toEqual([]);
  expect((await fleet.answers()).filter(({ kind }) => kind === 'nack')).toEqual([]);
  await waitFor(() => node.problem() === undefined, { what: 'the node to be well', deadlineMs: 10_000 });
});
