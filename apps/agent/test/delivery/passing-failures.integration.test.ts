import { type Server, createServer } from 'node:net';
import { cleanUp, freePort, onCleanup, waitFor } from '@flotilla/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, answers, config, startNode } from '../node.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(cleanUp);

/** Someone else listens where HAProxy should. */
async function hold(port: number): Promise<() => Promise<void>> {
  const other: Server = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const free = () =>
    new Promise<void>((resolve) => {
      other.close(() => {
        resolve();
      });
    });
  onCleanup(free);
  return free;
}

const failures = (node: Node) => node.log.filter(({ msg }) => /not at its version/.test(msg ?? '')).length;
const failed = (node: Node, times: number) =>
  waitFor(() => failures(node) >= times, { what: `${times} failed starts`, deadlineMs: 20_000 });

/** A node whose port somebody took while its agent was away. */
async function returning(): Promise<{ node: Node; free: () => Promise<void> }> {
  const first = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(first.port, 'hello') }));
  await first.stop();
  const free = await hold(first.port);
  const node = await startNode(fleet, { FLOTILLA_DATA_DIR: first.dataDir, PORT: String(first.port) });
  await waitFor(() => node.log.some(({ msg }) => msg === 'following the newest version'), { what: 'the feed' });
  await failed(node, 1);
  // The next failure is one of the version that the feed told of meanwhile.
  const before = failures(node);
  await waitFor(() => failures(node) > before || node.log.some(({ msg }) => / is refused$/.test(msg ?? '')), {
    what: 'another failed start',
    deadlineMs: 20_000,
  });
  return { node, free };
}

test('a port that is taken while the agent starts is tried until it is free, and nothing is parked', async () => {
  const { node, free } = await returning();
  await waitFor(async () => (await fleet.status())[0]?.problem !== null, { what: 'the problem to be told' });
  expect(node.problem()).toMatch(/in use/);
  await free();
  await answers(node, 'hello');
  await waitFor(() => node.problem() === undefined, { what: 'the node to be well', deadlineMs: 10_000 });
  expect((await fleet.answers()).filter(({ kind }) => kind === 'nack')).toEqual([]);
});

test('SIGHUP tries at once', async () => {
  const { node, free } = await returning();
  // Long pauses by now: the next try of its own is seconds away.
  await waitFor(() => /in use/.test(node.problem() ?? ''), { what: 'the problem' });
  await free();
  process.emit('SIGHUP');
  await answers(node, 'hello');
});

test('the first version of a node is tried again when its start fails, for it may be the node’s fault', async () => {
  const port = await freePort();
  const free = await hold(port);
  const node = await startNode(fleet, { PORT: String(port) });
  const first = await fleet.publish({ 'haproxy.cfg': config(port, 'hello') });
  await waitFor(() => /in use|refused/.test(`${node.problem()}${JSON.stringify(node.log)}`), { what: 'the failure' });
  await free();
  await answers(node, 'hello');
  expect(await fleet.answerTo(first)).toMatchObject({ kind: 'ack', how: { kind: 'start' } });
});

test('a version that came while nothing could start is taken as soon as the one before starts again', async () => {
  const { node, free } = await returning();
  const second = await fleet.publish({ 'haproxy.cfg': config(node.port, 'second') });
  await waitFor(() => node.log.some(({ msg }) => /version 2 is refused|not at its version/.test(msg ?? '')), {
    what: 'the try',
  });
  await failed(node, 2);
  await free();
  await answers(node, 'second');
  await waitFor(
    async () =>
      (await fleet.answers()).some(({ kind, artifact }) => kind === 'ack' && artifact.version === second.version),
    { what: 'the ack' },
  );
});
