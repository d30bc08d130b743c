import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fleetKeys, holdField, holdReason, missingField } from '@flotilla/domain';
import { type RedisServer, cleanUp, startRedis } from '@flotilla/testkit';
import { dropReleases, readHeldBack, readReleases, requestRelease } from '../src/index.ts';
import { anyFleet, connect, disconnect } from './redis.ts';

let server: RedisServer;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url);
});
afterAll(async () => {
  disconnect();
  await cleanUp();
});

const since = '2026-01-02T03:04:05.000Z';

it('finds nothing held back in a fleet without a hold, and nothing to release', async () => {
  const fleet = anyFleet();
  await redis.hset(fleetKeys(fleet).inputs, 'config/template', 'T');
  expect(await readHeldBack(redis, fleet)).toEqual({ hold: undefined, missing: new Map() });
  await requestRelease(redis, fleet);
  expect(await redis.exists(fleetKeys(fleet).release)).toBe(0);
});

it('asks to release exactly what is held back now', async () => {
  const fleet = anyFleet();
  const hold = { since, missing: ['pods'], reason: holdReason(fleet, ['pods']) };
  const site = missingField('certificate', 'site');
  await redis.hset(fleetKeys(fleet).inputs, {
    [holdField]: JSON.stringify(hold),
    [site]: JSON.stringify({ since, isNamed: true }),
    [missingField('certificate', 'strange')]: '{"since":1}',
  });
  expect(await requestRelease(redis, fleet)).toEqual({
    hold,
    missing: new Map([[site, { since, isNamed: true }]]),
  });
  expect(await readReleases(redis, fleet)).toEqual(
    new Map([
      [holdField, since],
      [site, since],
    ]),
  );
  await dropReleases(redis, fleet, [holdField, site]);
  expect(await redis.exists(fleetKeys(fleet).release)).toBe(0);
});
