import { afterEach, expect, test } from 'vitest';
import { type Answer, type NodeStatus, digest, epoch, fleetKeys, fleetName, version } from '@flotilla/domain';
import { type RedisOptions, cleanUp, startRedis, tcpProxy, waitFor } from '@flotilla/testkit';
import { ReleaseStack, connectRedis, createLogger, createNodeReports } from '../src/index.ts';

const fleet = fleetName('lb');
const keys = fleetKeys(fleet);

const releases: ReleaseStack[] = [];
afterEach(async () => {
  for (const stack of releases.splice(0)) await stack.close();
  await cleanUp();
});

function connect({ url }: { url: string }) {
  const stack = new ReleaseStack();
  releases.push(stack);
  const log = createLogger({ app: 'test', level: 'silent' });
  return stack.add(connectRedis(new URL(url), { name: 'test', log }), 'redis', (one) => one.disconnect());
}

async function startFleet(options: RedisOptions = {}) {
  const server = await startRedis(options);
  return { server, redis: connect(server) };
}

const artifact = { epoch: epoch('e'), version: version(1), digest: digest('0'.repeat(64)) };
const at = '2026-01-01T00:00:00.000Z';
const nack = (node: string): Answer => ({
  kind: 'nack',
  node,
  artifact,
  at,
  stepsMs: {},
  reason: 'line 3: unknown keyword',
});
const status = (node: string): NodeStatus => ({
  node,
  desired: artifact,
  applied: null,
  lastGood: null,
  parked: null,
  haproxy: { version: '2.6.12', pid: 1, oldWorkers: 0 },
  problem: null,
  instance: { id: `${node}/1/x`, host: node, pid: 1, version: '0', since: at },
  rival: null,
  behind: null,
  clockMs: null,
  at,
});

test('a node has its last status, until it is forgotten', async () => {
  const { redis } = await startFleet();
  const reports = createNodeReports({ redis, fleet });
  await reports.heartbeat(status('b'));
  await reports.heartbeat(status('a'));
  const again = await reports.heartbeat({ ...status('b'), applied: artifact });
  expect(again.before).toEqual(status('b').instance);
  expect(Math.abs(again.clockMs ?? NaN)).toBeLessThan(1_000);
  const odd = {
    c: 'not JSON',
    d: 'null',
    e: '5',
    f: '{"node":"f"}',
    g: JSON.stringify({ ...status('g'), haproxy: null }),
    // One node does not speak for another.
    h: JSON.stringify(status('a')),
  };
  await redis.hset(keys.nodes, odd);
  expect((await reports.read()).odd).toEqual(Object.keys(odd));
  expect(await reports.nodes()).toMatchObject([status('a'), { ...status('b'), applied: artifact }]);
  await reports.forget('a');
  expect((await reports.nodes()).map(({ node }) => node)).toEqual(['b']);
});

test('answers are listed newest first and followed as they come, over a restart', async () => {
  const { server, redis } = await startFleet({ persist: true });
  const reports = createNodeReports({ redis, fleet });
  await reports.answer(nack('before'));
  const end = new AbortController();
  const seen: string[] = [];
  const done = (async () => {
    for await (const { node } of reports.followAnswers(end.signal)) seen.push(node);
  })();
  await waitFor(async () => (await redis.info('clients')).match(/blocked_clients:1/), { what: 'the follower' });
  await reports.answer(nack('one'));
  await waitFor(() => seen.length === 1, { what: 'the first answer' });
  await server.restart();
  await reports.answer(nack('two'));
  await waitFor(() => seen.length === 2, { what: 'the second answer' });
  end.abort();
  await done;
  expect(seen).toEqual(['one', 'two']);
  expect((await reports.answers()).map(({ node }) => node)).toEqual(['two', 'one', 'before']);
});

test('what is no answer is left out and named by its place', async () => {
  const { redis } = await startFleet();
  const named: string[] = [];
  const reports = createNodeReports({ redis, fleet, onOddAnswer: (place) => named.push(place) });
  await reports.answer(nack('a'));
  const ack: Answer = { kind: 'ack', node: 'a', artifact, at, stepsMs: { render: 1 }, how: { kind: 'start' } };
  const odd = [
    'not JSON',
    'null',
    JSON.stringify({ ...nack('b'), artifact: null }),
    JSON.stringify({ ...nack('b'), reason: undefined }),
    JSON.stringify({ ...ack, how: null }),
    JSON.stringify({ ...ack, stepsMs: { render: '1' } }),
  ];
  const places: string[] = [];
  for (const text of odd) places.push(`${keys.acks} ${await redis.xadd(keys.acks, '*', 'answer', text)}`);
  places.push(`${keys.acks} ${await redis.xadd(keys.acks, '*', 'other', 'x')}`);
  await reports.answer(ack);
  expect(await reports.answers()).toEqual([ack, nack('a')]);
  expect(named).toEqual(places.reverse());
});

test('answers are followed though the connection passes nothing any more, and from a new primary', async () => {
  const { server } = await startFleet();
  const next = await startRedis();
  const proxy = await tcpProxy(server.port);
  const redis = connectRedis(new URL(`redis://127.0.0.1:${proxy.port}`), {
    name: 'test',
    log: createLogger({ app: 'test', level: 'silent' }),
    socketTimeoutMs: 2_500,
  });
  const end = new AbortController();
  const seen: string[] = [];
  const done = (async () => {
    for await (const { node } of createNodeReports({ redis, fleet }).followAnswers(end.signal)) seen.push(node);
  })();
  const [old, primary] = [connect(server), connect(next)];
  const isFollowed = async (by: typeof old) => (await by.info('clients')).includes('blocked_clients:1');
  await waitFor(() => isFollowed(old), { what: 'the follower' });
  proxy.freeze();
  await createNodeReports({ redis: old, fleet }).answer(nack('one'));
  await waitFor(() => seen.length === 1, { what: 'the first answer' });
  await old.replicaof('127.0.0.1', next.port);
  await waitFor(() => isFollowed(old), { what: 'the follower at the old primary' });
  proxy.pointTo(next.port);
  await waitFor(() => isFollowed(primary), { what: 'the follower at the new primary' });
  end.abort();
  await done;
  redis.disconnect();
});
