import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Problem, formatProblem, isFieldOf } from '@flotilla/domain';
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
import { type Watching, fieldsIn, lb, startWatching } from './watching.ts';
import { followed } from '../src/config.ts';

let etcd: Etcd;
let server: RedisServer;
let redis: Redis;
let watching: Watching;
let own: CertificatePair;
let other: CertificatePair;
let pods = 0;

beforeAll(async () => {
  [etcd, server, own, other] = await Promise.all([
    startEtcd(),
    startRedis(),
    certificate({ cn: 'own.example' }),
    certificate({ cn: 'other.example' }),
  ]);
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  await good();
  watching = startWatching(server.url, createEtcd2Source({ endpoints: etcd.url, resources: followed([lb]) }));
  await problemsAre();
});
afterEach(async () => {
  await good();
  await problemsAre();
});
afterAll(async () => {
  await watching.stop();
  redis.disconnect();
  await cleanUp();
});

const shop = { namespace: 'web', selector: { app: 'shop' } };
const put = (kind: 'pods' | 'configmaps' | 'secrets', name: string, value: unknown, namespace = 'lb') =>
  etcd.client.put(registryKey(kind, namespace, name), value as object);
const services = (entries: Record<string, object | string>) =>
  put('configmaps', 'services', servicesConfigMap({ services: { shop, ...entries } }));
const config = (data: Record<string, string>) =>
  put('configmaps', 'config', configMap({ namespace: 'lb', name: 'config', data }));
const certificates = (data: Record<string, string>) =>
  put('configmaps', 'certificates', configMap({ namespace: 'lb', name: 'certificates', data }));
const keys = (data: Record<string, string>) => put('secrets', 'keys', secret({ namespace: 'lb', name: 'keys', data }));

/** A fleet without a fault: one service, a template and a certificate. */
async function good(): Promise<void> {
  await services({});
  await config({ template: 'T' });
  await certificates({ own: own.cert });
  await keys({ own: own.key });
  for (const name of ['bad', 'bare']) await etcd.client.del(registryKey('pods', 'web', name)).catch(() => undefined);
}

/** What jobs and the command line tell. */
async function problems(): Promise<string[]> {
  const fields = Object.entries(await fieldsIn(redis)).filter(([field]) => isFieldOf('problem', field));
  return fields.map(([, text]) => formatProblem(JSON.parse(text) as Problem)).sort();
}
const problemsAre = (...expected: string[]) =>
  waitFor(async () => (await problems().catch(() => undefined))?.join('\n') === expected.sort().join('\n'), {
    what: `these problems: ${expected.join(', ') || 'none'}`,
    deadlineMs: 20_000,
  }).catch(async (error: unknown) => {
    throw new Error(`there are: ${(await problems()).join('\n')}`, { cause: error });
  });

const inServices = 'configmaps/lb/services, key "bad": ';
const inConfig = 'configmaps/lb/config';
const badName = 'the name may hold only letters, digits, "-", "_" and "." and not begin with ".."';

it.each<[what: string, write: () => Promise<unknown>, ...problems: string[]]>([
  ['a service that is not JSON', () => services({ bad: '{,' }), `${inServices}not valid JSON (at position 1)`],
  ['a service that is empty', () => services({ bad: '' }), `${inServices}not valid JSON (empty)`],
  ['a service that is no object', () => services({ bad: '[]' }), `${inServices}valid JSON, but not an object`],
  ['a service without namespace', () => services({ bad: { selector: {} } }), `${inServices}"namespace" is missing`],
  [
    'a service whose selector is a text',
    () => services({ bad: { namespace: 'web', selector: 'app' } }),
    `${inServices}"selector" must be an object of label names and values`,
  ],
  [
    'a service whose selector holds a number',
    () => services({ bad: { namespace: 'web', selector: { app: 1 } } }),
    `${inServices}"selector" must map to strings, but "app" does not`,
  ],
  [
    'a service whose name leads out of a folder',
    () => services({ '../bad': shop }),
    `configmaps/lb/services, key "../bad": ${badName}`,
  ],
  [
    'services without data',
    () => put('configmaps', 'services', { metadata: {} }),
    'configmaps/lb/services: it has no "data"',
  ],
  [
    'services that are not JSON',
    () => put('configmaps', 'services', '{'),
    'configmaps/lb/services: not valid JSON (at position 1)',
  ],
  ['a configuration without data', () => put('configmaps', 'config', {}), `${inConfig}: it has no "data"`],
  ['a configuration without template', () => config({}), `${inConfig}, key "template": it does not exist`],
  ['an empty template', () => config({ template: ' \n' }), `${inConfig}, key "template": it is empty`],
  [
    'a certificate without key',
    () => certificates({ own: own.cert, bad: other.cert }),
    'configmaps/lb/certificates, key "bad": its key is missing in secrets/lb/keys',
  ],
  [
    'a key without certificate',
    () => keys({ own: own.key, bad: other.key }),
    'secrets/lb/keys, key "bad": its certificate is missing in configmaps/lb/certificates',
  ],
  [
    'a certificate that is no PEM',
    () => certificates({ own: 'garbage' }),
    'configmaps/lb/certificates, key "own": the certificate is not a readable PEM certificate',
  ],
  [
    'a key that is no PEM',
    () => keys({ own: 'garbage' }),
    'configmaps/lb/certificates, key "own": the key is not a readable PEM private key (encrypted keys are not supported)',
  ],
  [
    'a key of another certificate',
    () => keys({ own: other.key }),
    'configmaps/lb/certificates, key "own": the key does not belong to the certificate',
  ],
  [
    'a certificate whose name leads out of a folder',
    () => Promise.all([certificates({ own: own.cert, '../a': own.cert }), keys({ own: own.key, '../a': own.key })]),
    `configmaps/lb/certificates, key "../a": ${badName}`,
  ],
  ['a pod that is not JSON', () => put('pods', 'bad', 'garbage', 'web'), 'pods/web/bad: not valid JSON'],
  [
    'a chain with a damaged block',
    () => certificates({ own: `${own.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` }),
    'configmaps/lb/certificates, key "own": block 2 of the certificate is no readable certificate',
  ],
  [
    'a certificate that HAProxy would take for a companion of another',
    () =>
      Promise.all([
        certificates({ own: own.cert, 'own.sctl': other.cert }),
        keys({ own: own.key, 'own.sctl': other.key }),
      ]),
    'configmaps/lb/certificates, key "own.sctl": HAProxy takes a file that ends in ".sctl" for a companion of another certificate; give it another name',
  ],
  [
    'a certificate with a label of its own',
    () => certificates({ own: own.cert.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE') }),
  ],
  [
    'a service that is nested too deep',
    () => services({ bad: `{"namespace":"web","selector":{},"x":${'['.repeat(30_000)}${']'.repeat(30_000)}}` }),
    `${inServices}nested more than 100 levels deep`,
  ],
  [
    'a pod that is nested too deep',
    () => put('pods', 'bad', `{"status":${'{"a":'.repeat(30_000)}1${'}'.repeat(30_001)}`, 'web'),
    'pods/web/bad: nested more than 100 levels deep',
  ],
  [
    'a pod whose address holds a rule of its own',
    () =>
      put(
        'pods',
        'bad',
        pod({ name: 'bad', namespace: 'web', ip: '10.0.0.9\n  http-request deny', labels: { app: 'shop' } }),
        'web',
      ),
    'pods/web/bad: "status.podIP" is not an IP address; it is no backend until it is written anew',
  ],
  ['a pod without status', () => put('pods', 'bare', { metadata: { labels: { app: 'shop' } } }, 'web')],
  ['a pod without metadata', () => put('pods', 'bare', { status: { podIP: '10.0.0.9' } }, 'web')],
  ['an empty pod', () => put('pods', 'bare', {}, 'web')],
])('%s is told by object, key and reason, and the others go on', async (_, write, ...expected) => {
  await write();
  await problemsAre(...expected);
  const name = `p${++pods}`;
  await put('pods', name, pod({ name, namespace: 'web', ip: '10.0.0.1', labels: { app: 'shop' } }), 'web');
  await waitFor(async () => `pod/shop/${name}` in (await fieldsIn(redis)), { what: 'the next pod' });
  const fields = await fieldsIn(redis);
  expect(fields).toMatchObject({ 'config/template': 'T', 'certificate/own': own.cert, 'key/own': own.key });
  expect(fields['service/shop']).toBe(JSON.stringify(shop));
  expect(Object.keys(fields).filter((field) => /^pod\/.*\/(bad|bare)$/.test(field))).toEqual([]);
});
