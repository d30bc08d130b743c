import { fleetKeys, fleetName } from '@flotilla/domain';
import { cleanUp, startRedis, tcpProxy, waitFor } from '@flotilla/testkit';
import { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { startFleet } from './fleet.ts';
import { ask, config, startNode } from './node.ts';

const connections: Redis[] = [];
afterEach(async () => {
  for (const redis of connections.splice(0)) redis.disconnect();
  await cleanUp();
});

async function startBehindProxy() {
  const fleet = await startFleet();
  const proxy = await tcpProxy(fleet.server.port);
  const node = await startNode(fleet, {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    FLOTILLA_REDIS_TIMEOUT_MS: '4000',
  });
  const first = await fleet.publish({ 'haproxy.cfg': config(node.port, 'one') });
  await fleet.answerTo(first);
  return { fleet, proxy, node };
}

test('a new version arrives and is answered though the connections to Redis pass nothing any more', async () => {
  const { fleet, proxy, node } = await startBehindProxy();
  proxy.freeze();
  const second = await fleet.publish({ 'haproxy.cfg': config(node.port, 'two') });
  await waitFor(async () => (await fleet.answers()).some(({ artifact }) => artifact.digest === second.digest), {
    what: 'the answer to the second version',
    deadlineMs: 40_000,
  });
  expect(await ask(node)).toBe('two');
});

test('a node whose Redis is away is not ready, says so, and is ready again', async () => {
  const { proxy, node } = await startBehindProxy();
  const problems = (): string =>
    Object.values(node.checks)
      .flatMap((check) => check() ?? [])
      .join();
  await waitFor(() => problems() === '', { what: 'readiness' });
  proxy.cut();
  await waitFor(() => problems().includes('Redis'), { what: 'the problem', deadlineMs: 20_000 });
  proxy.pass();
  await waitFor(() => problems() === '', { what: 'readiness again', deadlineMs: 20_000 });
  proxy.freeze();
  await waitFor(() => problems().includes('Redis'), { what: 'the problem of silence', deadlineMs: 20_000 });
  await waitFor(() => problems() === '', { what: 'readiness once more', deadlineMs: 20_000 });
});

test('a node reports to the new primary when the address moves and the old one lives on as a replica', async () => {
  const next = await startRedis();
  const { fleet, proxy } = await startBehindProxy();
  const [old, primary] = [new Redis(fleet.server.url), new Redis(next.url)];
  connections.push(old, primary);
  const { nodes } = fleetKeys(fleetName('lb'));
  proxy.pointTo(next.port);
  await old.replicaof('127.0.0.1', next.port);
  await waitFor(async () => await primary.hget(nodes, 'node-1'), { what: 'a report', deadlineMs: 30_000 });
});
