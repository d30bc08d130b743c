import { appsKey } from '@flotilla/domain';
import { cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import { afterEach, expect, it } from 'vitest';
import {
  ReleaseStack,
  connectRedis,
  createLogger,
  newInstance,
  readApps,
  redisTime,
  reportApp,
  writeReport,
} from '../src/index.ts';

const releases: ReleaseStack[] = [];
afterEach(async () => {
  for (const stack of releases.splice(0)) await stack.close();
  await cleanUp();
});

async function open() {
  const server = await startRedis();
  const log = createLogger({ app: 'test', level: 'silent' });
  const stack = new ReleaseStack();
  releases.push(stack);
  const redis = stack.add(connectRedis(new URL(server.url), { name: 'test', log }), 'redis', (one) => one.disconnect());
  const apps = async () => readApps(redis, await redisTime(redis));
  return { server, redis, log, stack, apps };
}

it('a program is listed with its trouble while it runs, and not any more when it ended', async () => {
  const { redis, log, stack, apps } = await open();
  let trouble: string | undefined = 'etcd is away';
  const checks = { source: () => trouble, redis: () => undefined };
  const instance = newInstance();
  let fleetTrouble = {};
  const report = reportApp({
    redis,
    app: 'watcher',
    instance,
    fleets: ['lb'],
    checks,
    fleetTrouble: () => fleetTrouble,
    log,
  });
  stack.add(report, 'report', (one) => one.close());
  const found = await waitFor(async () => (await apps())[0], { what: 'the report' });
  expect(found).toMatchObject({ app: 'watcher', instance, fleets: ['lb'], trouble: ['source: etcd is away'] });
  // A password in a URL is no part of a report.
  trouble = 'http://user:GEHEIM@etcd:2379 is away';
  await waitFor(async () => (await apps())[0]?.trouble.join().includes('[password]'), { what: 'the other trouble' });
  trouble = undefined;
  await waitFor(async () => (await apps())[0]?.trouble.length === 0, { what: 'the end of the trouble' });
  fleetTrouble = { lb: 'not written' };
  await waitFor(async () => (await apps())[0]?.fleetTrouble['lb'] === 'not written', {
    what: 'the trouble of a fleet',
  });
  expect(Math.abs((await apps())[0]?.clockMs ?? NaN)).toBeLessThan(1_000);
  await report.close();
  expect(await apps()).toEqual([]);
});

it('a program that was killed is listed no longer after a while, and what is no report never', async () => {
  const { redis, apps } = await open();
  const report = (id: string) => ({
    app: 'renderer',
    instance: { ...newInstance(), id },
    fleets: null,
    trouble: [],
    clockMs: null,
  });
  const names = async () => (await apps()).map(({ instance }) => instance.id);
  await writeReport(redis, appsKey, { name: 'a', report: report('a'), countsMs: 15_000 });
  await redis.hset(appsKey, { odd: 'x', null: 'null', list: '[]' });
  expect(await names()).toEqual(['a']);
  // One of a release that tells of no fleet has nothing to tell of them.
  expect((await apps())[0]?.fleetTrouble).toEqual({});
  // It was seen last a minute ago.
  const stored = (await redis.hget(appsKey, 'a')) ?? '';
  const { seenAt } = JSON.parse(stored) as { seenAt: number };
  await redis.hset(appsKey, 'a', stored.replace(String(seenAt), String(seenAt - 60_000)));
  expect(await names()).toEqual([]);
  // The next report of another takes it away for good.
  await writeReport(redis, appsKey, { name: 'b', report: report('b'), countsMs: 15_000 });
  expect(await redis.hkeys(appsKey)).toEqual(['b']);
  expect(await redis.pttl(appsKey)).toBeGreaterThan(0);
});

it('a report tells what stood there before, and how far the own clock is from that of Redis', async () => {
  const { redis } = await open();
  expect((await writeReport(redis, 'nodes', { name: 'n', report: { a: 1 } })).before).toBe('');
  const { before, clockMs } = await writeReport(redis, 'nodes', { name: 'n', report: { a: 2 } });
  expect(JSON.parse(before)).toEqual({ seenAt: expect.any(Number) as number, a: 1 });
  expect(Math.abs(clockMs ?? NaN)).toBeLessThan(1_000);
  expect(await redis.pttl('nodes')).toBe(-1);
});
