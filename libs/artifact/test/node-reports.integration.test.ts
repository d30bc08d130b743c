import { afterEach, expect, test } from 'vitest';
import { type Answer, type NodeStatus, digest, epoch, version } from '@flotilla/domain';
import { type RedisOptions, cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import { createNodeReports } from '../src/index.ts';
import { fleet, keys, openFleet, release } from './fleet.ts';

afterEach(async () => {
  await release();
  await cleanUp();
});
const startFleet = async (options: RedisOptions = {}) => openFleet(await startRedis(options));

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
  at,
});

test('a node has its last status, until it is forgotten', async () => {
  const { redis } = await startFleet();
  const reports = createNodeReports({ redis, fleet });
  await reports.heartbeat(status('b'));
  await reports.heartbeat(status('a'));
  await reports.heartbeat({ ...status('b'), applied: artifact });
  const odd = {
    c: 'not JSON',
    d: 'null',
    e: '5',
    f: '{"node":"f"}',
    g: JSON.stringify({ ...status('g'), haproxy: null }),
  };
  await redis.hset(keys.nodes, odd);
  expect(await reports.odd()).toEqual(Object.keys(odd));
  expect(await reports.nodes()).toEqual([status('a'), { ...status('b'), applied: artifact }]);
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
