import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { fleetKeys, leaderKeys } from '@flotilla/domain';
import { readHeldBack, requestRelease } from '@flotilla/inputs';
import { createEtcd2Source } from '@flotilla/source';
import {
  type CertificatePair,
  type Etcd,
  type RedisServer,
  certificate,
  cleanUp,
  configMap,
  pod,
  registryKey,
  secret,
  servicesConfigMap,
  startEtcd,
  startRedis,
  waitFor,
} from '@flotilla/testkit';
import { startGate } from './gate.ts';
import { type Watching, fieldsIn, lb, startWatching } from './watching.ts';
import { followed } from '../src/config.ts';

let etcd: Etcd;
let server: RedisServer;
let redis: Redis;
let site: CertificatePair;
const running: Watching[] = [];

beforeEach(async () => {
  [etcd, server, site] = await Promise.all([startEtcd(), startRedis(), certificate({ cn: 'site.example' })]);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  await everything();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  redis.disconnect();
  await cleanUp();
});

const put = (kind: 'pods' | 'configmaps' | 'secrets', name: string, value: unknown, namespace = 'lb') =>
  etcd.client.put(registryKey(kind, namespace, name), value as object);
const remove = (kind: 'configmaps' | 'secrets', name: string) => etcd.client.del(registryKey(kind, 'lb', name));
const services = (entries: Record<string, unknown>) =>
  put('configmaps', 'services', servicesConfigMap({ services: entries as Record<string, string> }));
const shop = { namespace: 'web', selector: { app: 'shop' } };
const template = (text: string) =>
  put('configmaps', 'config', configMap({ namespace: 'lb', name: 'config', data: { template: text } }));
const certificates = (data: Record<string, string>) =>
  put('configmaps', 'certificates', configMap({ namespace: 'lb', name: 'certificates', data }));
const keys = (data: Record<string, string>) => put('secrets', 'keys', secret({ namespace: 'lb', name: 'keys', data }));
const shopPod = (name: string) =>
  put('pods', name, pod({ name, namespace: 'web', ip: '10.0.0.1', labels: { app: 'shop' } }), 'web');
const everything = async () => {
  await services({ shop });
  await template('T');
  await certificates({ site: site.cert });
  await keys({ site: site.key });
  await shopPod('a');
};
const whole = ['certificate/site', 'config/template', 'key/site', 'pod/shop/a', 'service/shop'];

const start = (url = etcd.url, given: Parameters<typeof startWatching>[2] = {}): Watching => {
  const watching = startWatching(server.url, createEtcd2Source({ endpoints: url, resources: followed([lb]) }), {
    checkEveryMs: 100,
    ...given,
  });
  running.push(watching);
  return watching;
};
const stop = async (watching: Watching) => {
  running.splice(running.indexOf(watching), 1);
  await watching.stop();
};
const leads = (watching: Watching) =>
  waitFor(async () => (await watching.metric('watcher_leader')) === 1 && watching.checks['source']?.() === undefined, {
    what: 'the lead',
    deadlineMs: 20_000,
  });
const follows = (watching: Watching) =>
  waitFor(() => watching.checks['source']?.() === undefined, { what: 'a watcher that follows', deadlineMs: 20_000 });
const all = (): Promise<Record<string, string>> => fieldsIn(redis).catch(() => ({}));
const inputs = async () =>
  Object.keys(await all())
    .filter((field) => !/^(problem|missing|hold)/.test(field))
    .sort();
const become = (what: string, look: (fields: Record<string, string>) => boolean) =>
  waitFor(async () => look(await all()), { what, deadlineMs: 30_000 });
const problem = (object: string, key: string) => `problem/${encodeURIComponent(object)}/${key}`;
/** So many that the history of etcd forgets what was before. */
const unrelatedWrites = async () => {
  for (let at = 0; at < 1_500; at += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, one) => etcd.client.put(`/other/${at + one}`, { at })));
  }
};
/** Nobody can take the lead until it is over. */
const withoutLeader = async (run: () => Promise<void>) => {
  await redis.set(leaderKeys.lock, 'somebody');
  await waitFor(
    async () => (await Promise.all(running.map((each) => each.metric('watcher_leader')))).every((one) => one === 0),
    { what: 'nobody to lead' },
  );
  await run();
  await redis.del(leaderKeys.lock);
};

it(
  'a watcher that was cut off from etcd and takes the lead keeps what the one before had, not what it remembers',
  { timeout: 60_000 },
  async () => {
    const gate = await startGate(etcd.url);
    const first = start();
    await leads(first);
    const second = start(gate.url);
    await follows(second);
    await services({ shop, blog: shop });
    await become('the second service', (fields) => 'service/blog' in fields);
    await gate.shut();
    await template('U');
    await become('the newer template', (fields) => fields['config/template'] === 'U');
    await template('');
    await services({ shop });
    await become('the service to go', (fields) => !('service/blog' in fields));
    await services({ shop, blog: '{' });
    await become('both problems', (fields) => problem('configmaps/lb/services', 'blog') in fields);
    await unrelatedWrites();
    await gate.open();
    await follows(second);
    await stop(first);
    await leads(second);
    await shopPod('b');
    await become('the second watcher to write', (fields) => 'pod/shop/b' in fields);
    expect(await all()).toMatchObject({ 'config/template': 'U' });
    expect(await inputs()).toEqual([...whole, 'pod/shop/b'].sort());
  },
);

it(
  'who takes the lead in the middle of a store that is filled again holds the fleet, and goes on when it is full',
  { timeout: 60_000 },
  async () => {
    await certificates({ site: 'garbage' });
    await certificates({ site: site.cert });
    const [one, two] = [start(), start()];
    await become('all inputs', (fields) => 'pod/shop/a' in fields);
    await certificates({ site: 'garbage' });
    await become('the entry to be set aside', (fields) => problem('configmaps/lb/certificates', 'site') in fields);
    await withoutLeader(async () => {
      await etcd.restart({ wipe: true });
      await put('pods', 'other', {}, 'kube-system');
      await Promise.all([follows(one), follows(two)]);
      await services({ shop });
    });
    await waitFor(async () => (await readHeldBack(redis, lb)).hold, { what: 'the hold in Redis', deadlineMs: 20_000 });
    expect(await inputs()).toEqual(whole);
    const { hold } = await readHeldBack(redis, lb);
    // Another one takes over, and one that was not there at all.
    for (const each of [one, two]) await stop(each);
    const third = start();
    await leads(third);
    await waitFor(() => third.trouble() === undefined, { what: 'the takeover' });
    const goesOn = (await readHeldBack(redis, lb)).hold;
    expect(goesOn?.since).toBe(hold?.since);
    expect(goesOn?.reason).toContain('still missing');
    expect(await inputs()).toEqual(whole);
    await template('U');
    await certificates({ site: 'garbage' });
    await keys({ site: site.key });
    await shopPod('n');
    await become('the end of the hold', (fields) => fields['config/template'] === 'U');
    expect(await inputs()).toEqual([...whole.filter((field) => field !== 'pod/shop/a'), 'pod/shop/n'].sort());
    expect((await all())['certificate/site']).toBe(site.cert);
  },
);

it('a held fleet goes on at an operator’s word, and the wish is forgotten then', { timeout: 60_000 }, async () => {
  const watching = start();
  await become('all inputs', (fields) => 'pod/shop/a' in fields);
  await etcd.restart({ wipe: true });
  await template('U');
  await waitFor(async () => (await readHeldBack(redis, lb)).hold, { what: 'the hold in Redis', deadlineMs: 20_000 });
  await requestRelease(redis, lb);
  await become('what the store says', (fields) => fields['config/template'] === 'U');
  expect(await inputs()).toEqual(['config/template']);
  await waitFor(async () => (await redis.exists(fleetKeys(lb).release)) === 0, { what: 'the wish to be forgotten' });
  expect(watching.trouble()).toBeUndefined();
});

it(
  'deleting the keys and creating them again costs nothing, over a change of the lead',
  { timeout: 60_000 },
  async () => {
    const first = start();
    await become('all inputs', (fields) => 'pod/shop/a' in fields);
    await remove('secrets', 'keys');
    await become('the key to be missed', (fields) => 'missing/certificate/site' in fields);
    const missed = (await readHeldBack(redis, lb)).missing.get('missing/certificate/site');
    await stop(first);
    const second = start();
    await leads(second);
    await remove('configmaps', 'services');
    await become('the services to be missed', (fields) => 'missing/service' in fields);
    expect(await inputs()).toEqual(whole);
    expect((await readHeldBack(redis, lb)).missing.get('missing/certificate/site')).toEqual(missed);
    await keys({ site: site.key });
    await services({ shop });
    await become(
      'nothing to be missed',
      (fields) => !Object.keys(fields).some((field) => /^(missing|problem)/.test(field)),
    );
    expect(await inputs()).toEqual(whole);
  },
);

it(
  'what stays deleted goes when its time is over, also when another watcher counts on',
  { timeout: 60_000 },
  async () => {
    const first = start(etcd.url, { graceMs: 3_600_000 });
    await become('all inputs', (fields) => 'pod/shop/a' in fields);
    await remove('secrets', 'keys');
    await become('the key to be missed', (fields) => 'missing/certificate/site' in fields);
    await stop(first);
    start(etcd.url, { graceMs: 1 });
    await become('the pair to go', (fields) => !('certificate/site' in fields) && !('key/site' in fields));
    expect(Object.keys(await all())).not.toContain('missing/certificate/site');
  },
);
