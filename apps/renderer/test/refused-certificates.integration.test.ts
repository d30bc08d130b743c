import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fleetName, formatProblem } from '@flotilla/domain';
import { readOverview } from '@flotilla/inputs';
import {
  type CertificatePair,
  type RedisServer,
  certificate as makeCertificate,
  cleanUp,
  startRedis,
  temporaryFolder,
} from '@flotilla/testkit';
import type { FleetRender } from '../src/fleet-render.ts';
import { bundleApp } from './bundled.ts';
import { certificate, key, minimal, openWorld, pod, service, template } from './fleet-world.ts';

let server: RedisServer;
let bundled: Awaited<ReturnType<typeof bundleApp>>;
let good: CertificatePair;
let other: CertificatePair;
let weak: CertificatePair;
let world: ReturnType<typeof openWorld>;
let render: FleetRender;
let count = 0;

beforeAll(async () => {
  bundled = await bundleApp();
  server = await startRedis();
  good = await makeCertificate({ cn: 'a.test' });
  other = await makeCertificate({ cn: 'a.test' });
  weak = await makeCertificate({ cn: 'a.test', kind: 'rsa1024' });
});
afterAll(async () => {
  bundled.remove();
  await cleanUp();
});
afterEach(async () => {
  await render.close();
  world.close();
});

const pods =
  '{% for s in services %}backend {{ s.name }}\n{% for name, pod in s.pods.items() %}  server {{ name }} {{ pod.ip }}:80\n{% endfor %}{% endfor %}';
const list = minimal(`${pods}frontend f\n  bind unix@/tmp/never ssl crt-list {{ crtlist }}\n`);
/** Names of all certificates are in the configuration itself. */
const named = minimal(
  `${pods}frontend f\n  bind unix@/tmp/never ssl{% for name in certificates %} crt {{ ssldir }}/{{ name }}{% endfor %}\n`,
);

const pair = (name: string, of: CertificatePair) => ({ [certificate(name)]: of.cert, [key(name)]: of.key });
const file = (of: CertificatePair) => `${of.key}${of.cert}`;

async function start(text: string, pairs: Record<string, CertificatePair>) {
  world = openWorld({
    url: server.url,
    fleet: fleetName(`fleet-${++count}`),
    dataDir: temporaryFolder('renderer').path,
    processEntry: bundled.entry,
  });
  const entries = Object.entries(pairs).flatMap(([name, of]) => Object.entries(pair(name, of)));
  await world.write({ [template]: text, [service('web')]: '{}', ...Object.fromEntries(entries) });
  render = world.open();
}

/** What an operator is told of what HAProxy refused. */
const told = async () => (await readOverview(world.redis, world.fleet))?.refused.map(formatProblem);
const refusal = (name: string) =>
  expect.stringMatching(
    new RegExp(`^configmaps/fleet-\\d+/certificates, key "${name}": HAProxy refuses it: .*'ssl/${name}'`),
  ) as string;

test.each([list, named])(
  'a first certificate that HAProxy refuses is left out, and everything else goes out',
  async (text) => {
    await start(text, { a: weak, b: good, c: weak });
    const first = await render.render();
    expect(first).toMatchObject({ kind: 'published', problems: [refusal('a'), refusal('c')] });
    expect(await told()).toEqual([refusal('a'), refusal('c')]);
    const files = await world.published();
    expect(Object.keys(files).filter((path) => path.startsWith('ssl/'))).toEqual(['ssl/b', 'ssl/b.pem']);
    expect(files['crt-list']).not.toContain('/a');

    // Pods go on; the refused ones cost no check any more.
    await world.write({ [pod('web', 'p')]: '{"ip":"10.0.0.1"}' });
    const second = await render.render();
    expect(second).toMatchObject({ kind: 'published', problems: [refusal('a'), refusal('c')] });
    expect((await world.published())['haproxy.cfg']).toContain('server p 10.0.0.1:80');

    await world.write(pair('a', other));
    expect(await render.render()).toMatchObject({ kind: 'published', problems: [refusal('c')] });
    expect((await world.published())['ssl/a']).toBe(file(other));
    await world.write({ [certificate('c')]: null, [key('c')]: null });
    expect(await render.render()).toMatchObject({ problems: [] });
    expect(await told()).toEqual([]);
  },
);

test.each([list, named])(
  'the certificate that served before a refused renewal serves on, restarts included',
  async (text) => {
    await start(text, { a: good, b: good });
    await render.render();
    await world.write(pair('a', weak));
    expect(await render.render()).toMatchObject({ kind: 'unchanged', problems: [refusal('a')] });
    expect((await readOverview(world.redis, world.fleet))?.refused).toMatchObject([{ serves: 'last-good' }]);
    expect((await world.published())['ssl/a']).toBe(file(good));

    await render.close();
    render = world.open();
    await world.write({ [pod('web', 'p')]: '{"ip":"10.0.0.1"}' });
    expect(await render.render()).toMatchObject({ kind: 'published', problems: [refusal('a')] });
    const files = await world.published();
    expect(files['ssl/a']).toBe(file(good));
    expect(files['haproxy.cfg']).toContain('server p 10.0.0.1:80');

    await world.write(pair('a', other));
    expect(await render.render()).toMatchObject({ kind: 'published', problems: [] });
    expect((await world.published())['ssl/a']).toBe(file(other));
    expect(await told()).toEqual([]);
  },
);

test('what HAProxy refuses for another reason is refused as before', async () => {
  await start(`${list}\n  nonsense\n`, { a: weak, b: good });
  await expect(render.render()).rejects.toThrow(/nonsense/);
  expect(await world.artifacts.newest()).toBeUndefined();
  await world.write({ [template]: list });
  expect(await render.render()).toMatchObject({ kind: 'published', problems: [refusal('a')] });
});

test.each([list, named])('a refused name that ends with .pem says nothing of the one that it ends', async (text) => {
  await start(text, { x: good });
  await render.render();
  await world.write(pair('x.pem', weak));
  expect(await render.render()).toMatchObject({ problems: [refusal('x.pem')] });
  const files = await world.published();
  expect(files['ssl/x']).toBe(file(good));
  expect(files['crt-list']?.split('\n').filter((line) => line.includes('x.pem'))).toEqual([]);
});

test('so many refused ones that a render cannot set them all aside are set aside by the next attempts', async () => {
  const many = Object.fromEntries(Array.from({ length: 130 }, (_, at) => [`w${at}`, weak]));
  await start(list, { ...many, b: good });
  const first = await render.render().catch((error: unknown) => error);
  expect(first).toMatchObject({ code: 'certificates', isFinal: false });
  expect((await render.render()).problems).toHaveLength(130);
});
