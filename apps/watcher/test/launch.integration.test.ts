import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetKeys } from '@flotilla/domain';
import { readHeldBack } from '@flotilla/inputs';
import { type Check, ReleaseStack, createLogger, createMetrics, loadSettings } from '@flotilla/runtime';
import {
  type Etcd,
  type RedisServer,
  type TcpProxy,
  cleanUp,
  configMap,
  pod,
  registryKey,
  servicesConfigMap,
  startEtcd,
  startRedis,
  tcpProxy,
  waitFor,
} from '@flotilla/testkit';
import { settings } from '../src/config.ts';
import { launch } from '../src/launch.ts';
import { fieldsIn, lb, masterKey } from './watching.ts';

let etcd: Etcd;
let server: RedisServer;
let proxy: TcpProxy;
let redis: Redis;
let releases: ReleaseStack;
let checks: Readonly<Record<string, Check>>;
const failures: unknown[] = [];

beforeEach(async () => {
  [etcd, server] = await Promise.all([startEtcd(), startRedis()]);
  proxy = await tcpProxy(server.port);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  await template('T');
  await services();
  await shopPod('a');
  releases = new ReleaseStack();
  const env = {
    ETCD2BASE: etcd.url,
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    FLOTILLA_KEY: masterKey.toString('base64'),
    FLOTILLA_LEASE_MS: '1000',
    FLOTILLA_REDIS_TIMEOUT_MS: '4000',
  };
  checks = await launch({
    config: loadSettings(settings, env),
    log: createLogger({ app: 'watcher', level: process.env['TEST_LOG'] ?? 'silent' }),
    metrics: createMetrics(),
    releases,
    signal: new AbortController().signal,
    fail: (error) => failures.push(error),
  });
});
afterEach(async () => {
  expect(await releases.close()).toEqual([]);
  redis.disconnect();
  await cleanUp();
  expect(failures).toEqual([]);
});

const template = (text: string) =>
  etcd.client.put(
    registryKey('configmaps', 'lb', 'config'),
    configMap({ namespace: 'lb', name: 'config', data: { template: text } }),
  );
const services = () =>
  etcd.client.put(
    registryKey('configmaps', 'lb', 'services'),
    servicesConfigMap({ services: { shop: { namespace: 'web', selector: { app: 'shop' } } } }),
  );
const shopPod = (name: string) =>
  etcd.client.put(
    registryKey('pods', 'web', name),
    pod({ name, namespace: 'web', ip: '10.0.0.1', labels: { app: 'shop' } }),
  );
const pods = async () => Object.keys(await fieldsIn(redis)).filter((field) => field.startsWith('pod/'));
const podsAre = (...names: string[]) =>
  waitFor(async () => (await pods()).sort().join() === names.map((name) => `pod/shop/${name}`).join(), {
    what: `the pods ${names.join()}`,
    deadlineMs: 20_000,
  });
const problems = () => Object.values(checks).flatMap((check) => check() ?? []);

describe('a watcher on a real etcd', () => {
  it('carries state and changes into Redis, and is ready', async () => {
    await podsAre('a');
    await shopPod('b');
    await podsAre('a', 'b');
    await etcd.client.del('/registry/pods/web', { recursive: true, dir: true });
    await podsAre();
    expect(await fieldsIn(redis)).toMatchObject({ 'config/template': 'T' });
    await waitFor(() => problems().length === 0, { what: 'readiness' });
  });

  it('keeps the last state while etcd is gone, says so, and takes up what it missed', async () => {
    await podsAre('a');
    await waitFor(() => problems().length === 0, { what: 'readiness' });
    await etcd.kill();
    await waitFor(() => checks['source']?.(), { what: 'the loss of etcd' });
    expect(await pods()).toEqual(['pod/shop/a']);
    await etcd.restart();
    await shopPod('b');
    await podsAre('a', 'b');
    await waitFor(() => problems().length === 0, { what: 'readiness' });
  });

  it('holds the last good inputs, pods too, when the store comes back empty, until all that it had is back', async () => {
    await podsAre('a');
    await etcd.restart({ wipe: true });
    const problem = 'problem/configmaps%2Flb%2Fconfig';
    await waitFor(async () => problem in (await fieldsIn(redis)), { what: 'the missing configmap to be told' });
    const held = await waitFor(async () => (await readHeldBack(redis, lb)).hold, { what: 'the hold to be told' });
    expect(held.reason).toContain('configmaps/lb/services, configmaps/lb/config, pods are still missing');
    // That is the fleet's own matter: the watcher does all that is to be done.
    await waitFor(() => problems().length === 0, { what: 'readiness' });
    expect(await pods()).toEqual(['pod/shop/a']);
    await shopPod('c');
    await template('U');
    await waitFor(async () => (await readHeldBack(redis, lb)).hold?.missing.join() === 'configmaps/lb/services', {
      what: 'what is still missing to be told',
    });
    expect(await fieldsIn(redis)).toMatchObject({ 'config/template': 'T' });
    expect(await pods()).toEqual(['pod/shop/a']);
    await services();
    await podsAre('c');
    expect(await fieldsIn(redis)).toMatchObject({ 'config/template': 'U' });
    await waitFor(() => problems().length === 0, { what: 'readiness' });
    expect((await readHeldBack(redis, lb)).hold).toBeUndefined();
  });

  it('is not ready, but there, while Redis is gone', async () => {
    await podsAre('a');
    await server.kill();
    await waitFor(() => checks['redis']?.(), { what: 'the loss of Redis' });
    await shopPod('b');
    await server.restart();
    await podsAre('a', 'b');
    await waitFor(() => problems().length === 0, { what: 'readiness' });
    expect(await redis.hget(fleetKeys(lb).meta, 'revision')).not.toBeNull();
  });
});

describe('a watcher whose connections to Redis fail without closing', () => {
  it('writes what changed though they pass nothing any more, and is not ready meanwhile', async () => {
    await podsAre('a');
    await waitFor(() => problems().length === 0, { what: 'readiness' });
    proxy.freeze();
    await shopPod('b');
    await waitFor(() => checks['redis']?.(), { what: 'the silence of Redis to be told', deadlineMs: 30_000 });
    await podsAre('a', 'b');
    await waitFor(() => problems().length === 0, { what: 'readiness', deadlineMs: 30_000 });
  });

  it('writes to the new primary when the address moves and the old one lives on as a replica', async () => {
    await podsAre('a');
    const next = await startRedis();
    const primary = new Redis(next.url);
    try {
      proxy.pointTo(next.port);
      await redis.replicaof('127.0.0.1', next.port);
      await shopPod('b');
      await waitFor(async () => 'pod/shop/b' in (await fieldsIn(primary)), {
        what: 'the pod in the new primary',
        deadlineMs: 40_000,
      });
      await waitFor(() => problems().length === 0, { what: 'readiness', deadlineMs: 30_000 });
    } finally {
      primary.disconnect();
    }
  });
});
