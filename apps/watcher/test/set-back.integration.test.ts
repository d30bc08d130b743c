import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  aheadPurpose,
  createSealer,
  digest,
  epoch,
  fleetKeys,
  formatAhead,
  holdField,
  version,
} from '@flotilla/domain';
import { createEtcd2Source } from '@flotilla/source';
import {
  type Etcd,
  type RedisServer,
  cleanUp,
  configMap,
  pod,
  registryKey,
  servicesConfigMap,
  startEtcd,
  startRedis,
  waitFor,
} from '@flotilla/testkit';
import { type Watching, fieldsIn, lb, masterKey, startWatching } from './watching.ts';
import { followed } from '../src/config.ts';

let etcd: Etcd;
let server: RedisServer;
let redis: Redis;
const running: Watching[] = [];
const keys = fleetKeys(lb);

beforeEach(async () => {
  [etcd, server] = await Promise.all([startEtcd(), startRedis()]);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  await write('T');
  await etcd.client.put(
    registryKey('pods', 'web', 'a'),
    pod({ name: 'a', namespace: 'web', ip: '10.0.0.1', labels: { app: 'shop' } }),
  );
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  redis.disconnect();
  await cleanUp();
});

const write = async (template: string) => {
  const shop = { namespace: 'web', selector: { app: 'shop' } };
  const config = configMap({ namespace: 'lb', name: 'config', data: { template } });
  await etcd.client.put(registryKey('configmaps', 'lb', 'services'), servicesConfigMap({ services: { shop } }));
  await etcd.client.put(registryKey('configmaps', 'lb', 'config'), config);
};
const empty = async () => {
  for (const name of ['services', 'config']) await etcd.client.del(registryKey('configmaps', 'lb', name));
};
const start = (): Watching => {
  const watching = startWatching(server.url, createEtcd2Source({ endpoints: etcd.url, resources: followed([lb]) }), {
    checkEveryMs: 100,
  });
  running.push(watching);
  return watching;
};
const life = () => redis.hget(keys.meta, 'epoch');
const become = (what: string, look: (fields: Record<string, string>) => boolean) =>
  waitFor(async () => look(await fieldsIn(redis)), { what, deadlineMs: 30_000 });
const isHeld = (fields: Record<string, string>) => holdField in fields;
const isTemplate = (text: string) => (fields: Record<string, string>) =>
  fields['config/template'] === text && !isHeld(fields);
/** A node that has a version of this life which Redis does not know. */
const nodeIsAhead = async () => {
  const had = { epoch: epoch((await life()) ?? ''), version: version(5), digest: digest('d') };
  await redis.set(keys.ahead, createSealer(masterKey, lb).seal(formatAhead(had), aheadPurpose));
};

it('a watcher that was started after Redis was set back learns of it from a node, at once or later', async () => {
  const first = start();
  await become('the inputs', isTemplate('T'));
  const lost = await life();
  running.splice(running.indexOf(first), 1);
  await first.stop();
  await nodeIsAhead();
  start();
  await waitFor(async () => ![lost, null].includes(await life()), { what: 'a new life' });
  await become('the inputs again', isTemplate('T'));
  const second = await life();
  await nodeIsAhead();
  await waitFor(async () => ![second, null].includes(await life()), { what: 'another life' });
  await become('the inputs once more', isTemplate('T'));
});

it('what a Redis holds that was set back to a hold does not come into the next life', async () => {
  start();
  await become('the inputs', isTemplate('T'));
  await empty();
  await become('the hold', isHeld);
  const names = [keys.meta, keys.inputs, keys.log];
  const saved = await Promise.all(names.map((key) => redis.dumpBuffer(key)));
  await write('U');
  await become('the end of the hold', isTemplate('U'));
  const lost = await life();
  const change = redis.multi();
  for (const [at, key] of names.entries()) change.restore(key, 0, saved[at] ?? '', 'REPLACE');
  await change.exec();
  const next = await waitFor(
    async () => {
      const [found, fields] = await Promise.all([life(), fieldsIn(redis).catch(() => undefined)]);
      return found !== lost && found !== null && fields;
    },
    { what: 'the next life', everyMs: 5 },
  );
  expect(isTemplate('U')(next)).toBe(true);
});

it('while the fleet is held the life goes on, as the watcher has nothing but what Redis has', async () => {
  const first = start();
  await become('the inputs', isTemplate('T'));
  const lost = await life();
  running.splice(running.indexOf(first), 1);
  await first.stop();
  await empty();
  await nodeIsAhead();
  start();
  await become('the hold', isHeld);
  // Whatever it does after that, it did not begin a new life.
  const held = () => redis.hget(keys.inputs, holdField);
  const before = await held();
  const config = configMap({ namespace: 'lb', name: 'config', data: { template: 'U' } });
  await etcd.client.put(registryKey('configmaps', 'lb', 'config'), config);
  await waitFor(async () => (await held()) !== before, { what: 'the hold to lack less' });
  expect(await life()).toBe(lost);
  await write('U');
  await waitFor(async () => ![lost, null].includes(await life()), { what: 'a new life', deadlineMs: 30_000 });
  await become('what the store says', isTemplate('U'));
});
