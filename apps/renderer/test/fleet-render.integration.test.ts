import { readFileSync, statSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fleetName } from '@flotilla/domain';
import {
  type RedisServer,
  certificate as makeCertificate,
  cleanUp,
  startRedis,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import type { FleetRender } from '../src/fleet-render.ts';
import { RenderFailure } from '../src/render-failure.ts';
import { bundleApp } from './bundled.ts';
import { redisContents } from './redis-contents.ts';
import { certificate, key, minimal, openWorld, pod, problem, service, template } from './fleet-world.ts';

let server: RedisServer;
let bundled: Awaited<ReturnType<typeof bundleApp>>;
const worlds: { close: () => void }[] = [];
const fleets: FleetRender[] = [];
let count = 0;

beforeAll(async () => {
  bundled = await bundleApp();
  server = await startRedis();
});
afterEach(async () => {
  for (const fleet of fleets.splice(0)) await fleet.close();
  for (const world of worlds.splice(0)) world.close();
});
afterAll(async () => {
  bundled.remove();
  await cleanUp();
});

function start(env: Record<string, string> = {}) {
  const fleet = fleetName(`fleet-${++count}`);
  const dataDir = temporaryFolder('renderer').path;
  const world = openWorld({ url: server.url, fleet, dataDir, processEntry: bundled.entry, env });
  worlds.push(world);
  const open = (more: Record<string, string> = {}) => {
    const opened = world.open(more);
    fleets.push(opened);
    return opened;
  };
  return { ...world, open, staged: (path: string) => `${dataDir}/${fleet}/${path}` };
}

const failure = (work: Promise<unknown>): Promise<RenderFailure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(RenderFailure);
      return error as RenderFailure;
    },
  );

const backends = minimal(
  '{% for s in services %}backend {{ s.name }}\n{% for name, pod in s.pods.items() %}  server {{ name }} {{ pod.ip }}:80\n{% endfor %}{% endfor %}',
);

test('inputs become a checked and published version, and the same content none', async () => {
  const { write, open, published, artifacts, fleet } = start();
  await write({ [template]: backends, [service('web')]: '{}', [pod('web', 'a')]: '{"ip":"10.0.0.1"}' });
  const render = open();
  const first = await render.render();
  expect(first).toMatchObject({ kind: 'published', fleet, version: 1, revision: 1, problems: [] });
  expect(Object.keys(first.stagesMs)).toEqual(['read', 'render', 'bundle', 'compare', 'check', 'publish']);
  expect((await published())['haproxy.cfg']).toContain('backend web\n  server a 10.0.0.1:80\n');

  await write({ [service('web')]: '{"unused":1}' });
  const second = await render.render();
  expect(second).toMatchObject({ kind: 'unchanged', version: 1, revision: 2, changeCount: 1 });
  expect(second.changes).toEqual([{ object: 'configmaps/x/y', position: '2' }]);
  expect(second.stagesMs).not.toHaveProperty('check');

  await write({ [pod('web', 'b')]: '{"ip":"10.0.0.2"}' });
  expect(await render.render()).toMatchObject({ kind: 'published', version: 2, revision: 3 });
  expect((await artifacts.newest())?.version).toBe(2);
});

test('what is written after a read that was begun ahead of the render is rendered too', async () => {
  const { write, open, published, artifacts, redis, keys } = start();
  await write({ [template]: backends, [service('web')]: '{}', [pod('web', 'a')]: '{"ip":"10.0.0.1"}' });
  const render = open();
  await render.render();

  render.readAhead();
  expect(await render.render()).toMatchObject({ kind: 'unchanged', version: 1, revision: 1 });

  await write({ [pod('web', 'b')]: '{"ip":"10.0.0.2"}' });
  render.readAhead();
  await redis.hget(keys.meta, 'revision'); // Answered after the read.
  await write({ [pod('web', 'c')]: '{"ip":"10.0.0.3"}' });
  expect(await render.render()).toMatchObject({ kind: 'published', version: 3, revision: 3, changeCount: 2 });
  expect((await published())['haproxy.cfg']).toContain('server c 10.0.0.3:80');

  // One that is of no use is not lost either: its changes are in the next render.
  await write({ [pod('web', 'd')]: '{"ip":"10.0.0.4"}' });
  render.readAhead();
  render.forgetAhead();
  await write({ [pod('web', 'e')]: '{"ip":"10.0.0.5"}' });
  expect(await render.render()).toMatchObject({ kind: 'published', version: 4, revision: 5, changeCount: 2 });
  expect((await published())['haproxy.cfg']).toMatch(/server d 10\.0\.0\.4:80\n {2}server e 10\.0\.0\.5:80/);
  expect((await artifacts.newest())?.version).toBe(4);
});

test('a render that fails with what was read ahead is tried with what was written meanwhile', async () => {
  const { write, open, published, redis, keys } = start();
  await write({ [template]: minimal() });
  const render = open();
  await render.render();
  await write({ [template]: '{% for %}' });
  render.readAhead();
  await redis.hget(keys.meta, 'revision');
  await write({ [template]: minimal('# mended') });
  expect(await render.render()).toMatchObject({ kind: 'published', version: 2, revision: 3 });
  expect((await published())['haproxy.cfg']).toContain('# mended');

  await write({ [template]: '{% for %}' });
  render.readAhead();
  expect(await failure(render.render())).toMatchObject({ stage: 'render', code: 'template' });
});

test('a configuration that HAProxy refuses fails in its words, and the last good version stays', async () => {
  const { write, open, artifacts, redis, keys } = start();
  await write({ [template]: minimal() });
  const render = open();
  await render.render();
  await write({ [template]: minimal('  nonsense here') });
  const refused = await failure(render.render());
  expect(refused).toMatchObject({ stage: 'check', code: 'haproxy-refuses', isFinal: true });
  expect(refused.message).toMatch(/HAProxy refuses.*haproxy\.cfg:6.*nonsense/);
  // The watcher reads there what is no last good value.
  await waitFor(async () => (await redis.hget(keys.meta, 'refusedRevision')) === '2', { what: 'the refusal noted' });
  expect((await artifacts.newest())?.version).toBe(1);
  await write({ [template]: minimal('  maxconn 7') });
  const mended = await render.render();
  expect(mended).toMatchObject({ kind: 'published', version: 2 });
  expect(mended.changeCount).toBe(2);
});

test('a template error names the configmap, the key and the line', async () => {
  const { write, open, artifacts, fleet } = start();
  await write({ [template]: 'global\n\n{% for %}' });
  const broken = await failure(open().render());
  expect(broken).toMatchObject({ stage: 'render', code: 'template', isFinal: true });
  expect(broken.message).toContain(`configmaps/${fleet}/config: template "template", line 3: `);
  expect(await artifacts.newest()).toBeUndefined();
});

test('a template that raises at run time names the line, and the last good version stays', async () => {
  const { write, open, artifacts, fleet } = start();
  await write({ [template]: minimal() });
  const render = open();
  await render.render();
  await write({ [template]: `${minimal()}\n{{ 1 / 0 }}` });
  const broken = await failure(render.render());
  expect(broken).toMatchObject({ stage: 'render', code: 'template', isFinal: true });
  expect(broken.message).toMatch(
    new RegExp(`configmaps/${fleet}/config: template "template", line 10: .*division by zero`),
  );
  expect((await artifacts.newest())?.version).toBe(1);
});

test('without a template, or with an empty one, there is nothing to go back to, and that is said', async () => {
  const { write, open, fleet } = start();
  await write({ [service('web')]: '{}' });
  const render = open();
  expect((await failure(render.render())).message).toBe(
    `fleet ${fleet}: configmaps/${fleet}/config: template "template": the configmap has no such key`,
  );
  await write({ [template]: ' \n' });
  expect(await failure(render.render())).toMatchObject({ code: 'template-missing', isFinal: true });
});

test('an endless template is stopped, and the next render works', async () => {
  const { write, open } = start({ FLOTILLA_RENDER_TIMEOUT_MS: '300' });
  await write({ [template]: '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}' });
  const render = open();
  expect(await failure(render.render())).toMatchObject({ code: 'template-limit', isFinal: true });
  await write({ [template]: minimal() });
  expect(await render.render()).toMatchObject({ kind: 'published', version: 1 });
});

test('certificates become bundles under both names, and a crt-list that HAProxy takes', async () => {
  const { write, open, published } = start();
  const [a, b] = [await makeCertificate({ cn: 'a.example' }), await makeCertificate({ cn: 'b.example' })];
  const listen =
    'frontend f\n  bind unix@/tmp/never ssl crt-list {{ crtlist }}\n  bind unix@/tmp/never2 ssl crt {{ ssldir }}/{{ certificates[0] }}\n';
  await write({
    [template]: minimal(listen),
    [certificate('a')]: a.cert.trimEnd(),
    [key('a')]: a.key.trimEnd(),
    [certificate('a.pem')]: b.cert,
    [key('a.pem')]: b.key,
    [certificate('keyless')]: a.cert,
    [key('certless')]: a.key,
  });
  await open().render();
  const files = await published();
  expect(Object.keys(files)).toEqual(['crt-list', 'haproxy.cfg', 'ssl/a', 'ssl/a.pem', 'ssl/a.pem.pem']);
  expect(files['ssl/a']).toBe(a.key + a.cert);
  expect(files['ssl/a.pem']).toBe(b.key + b.cert);
  expect(files['ssl/a.pem.pem']).toBe(b.key + b.cert);
  expect(files['crt-list']).toBe('/@flotilla-release@/ssl/a\n/@flotilla-release@/ssl/a.pem\n');
  expect(files['haproxy.cfg']).toContain('crt-list /@flotilla-release@/crt-list\n');
});

test('a bundle that HAProxy cannot load because a file is missing is refused', async () => {
  const { write, open } = start();
  await write({ [template]: minimal('frontend f\n  bind unix@/tmp/never ssl crt {{ ssldir }}/missing\n') });
  expect((await failure(open().render())).message).toMatch(/ssl\/missing/);
});

test('files beside the configuration are rendered, staged and published', async () => {
  const { write, open, published } = start();
  await write({
    [template]: minimal(
      'frontend g\n  bind unix@/tmp/never\n  http-request set-header x %[path,map({{ filesdir }}/paths.map)]\n',
    ),
    'config/paths.map': '{% for s in services %}/{{ s.name }} {{ s.name }}\n{% endfor %}',
    [service('web')]: '{}',
  });
  await open().render();
  expect((await published())['files/paths.map']).toBe('/web web\n');
});

test('the staged bundle is private, holds no token, and only changed files are written again', async () => {
  const { write, open, staged } = start();
  const pair = await makeCertificate({ cn: 'a.example' });
  await write({ [template]: minimal('# {{ ssldir }}'), [certificate('a')]: pair.cert, [key('a')]: pair.key });
  const render = open();
  await render.render();
  expect(readFileSync(staged('haproxy.cfg'), 'utf8')).toContain(`# ${staged('ssl')}\n`);
  expect(statSync(staged('')).mode & 0o777).toBe(0o700);
  expect(statSync(staged('ssl')).mode & 0o777).toBe(0o700);
  expect(statSync(staged('ssl/a')).mode & 0o777).toBe(0o600);
  const before = statSync(staged('ssl/a')).mtimeMs;
  await write({ [template]: minimal('# changed') });
  await render.render();
  expect(readFileSync(staged('haproxy.cfg'), 'utf8')).toContain('# changed');
  expect(statSync(staged('ssl/a')).mtimeMs).toBe(before);
  await write({ [certificate('a')]: null, [key('a')]: null });
  await render.render();
  expect(() => statSync(staged('ssl/a'))).toThrow(/ENOENT/);
});

test('entries that were set aside are told, and the others go out', async () => {
  const { write, open } = start();
  const [field, value] = problem({
    object: 'configmaps/lb/services',
    key: 'web',
    code: 'bad-service',
    reason: '"selector" is missing',
  });
  await write({ [template]: minimal(), [field]: value });
  const result = await open().render();
  expect(result).toMatchObject({
    kind: 'published',
    problems: ['configmaps/lb/services, key "web": "selector" is missing'],
  });
});

test('two renderers never go back: whoever reads last publishes last', async () => {
  const { write, open, published } = start();
  await write({ [template]: minimal('# 1') });
  const [one, two] = [open({ FLOTILLA_DATA_DIR: temporaryFolder('one').path }), open()];
  await one.render();
  await two.render();
  await write({ [template]: minimal('# 2') });
  expect(await two.render()).toMatchObject({ kind: 'published', version: 2 });
  await write({ [template]: minimal('# 3') });
  const [a, b] = await Promise.all([one.render(), two.render()]);
  expect([a.version, b.version]).toEqual([3, 3]);
  expect((await published())['haproxy.cfg']).toContain('# 3');
});

test('when the data begins a new life the fleet begins at version 1 again', async () => {
  const { write, beginAnew, open, artifacts } = start();
  await write({ [template]: minimal('# 1') });
  const render = open();
  await render.render();
  await write({ [template]: minimal('# 2') });
  await render.render();
  await beginAnew();
  expect(await render.render()).toMatchObject({ kind: 'published', version: 1, revision: 1 });
  expect((await artifacts.versions()).map(({ version }) => version)).toEqual([1]);
});

test('without inputs the reason is that there are none, and trying again makes sense', async () => {
  const nothing = await failure(start().open().render());
  expect(nothing).toMatchObject({ stage: 'read', code: 'inputs-absent', isFinal: false });
});

test('a missing HAProxy is said so, and nothing is published', async () => {
  const { write, open, artifacts } = start({ FLOTILLA_HAPROXY: '/nowhere/haproxy' });
  await write({ [template]: minimal() });
  const missing = await failure(open().render());
  expect(missing).toMatchObject({ stage: 'check', isFinal: false });
  expect(missing.message).toContain('set FLOTILLA_HAPROXY');
  expect(await artifacts.newest()).toBeUndefined();
});

test('passwords and keys are in no message, no log and nowhere readable in Redis', async () => {
  const { write, open, redis, log } = start({
    STATISTICS_PASSWORD: 'GEHEIM-42',
    FLOTILLA_TEMPLATE_ENV: 'TOKEN',
    TOKEN: 'TOKEN-GEHEIM',
  });
  const pair = await makeCertificate({ cn: 'a.example' });
  const page = '  stats enable\n  stats auth stats:{{ stats.password }}\n';
  const inputs = { [certificate('a')]: pair.cert, [key('a')]: pair.key };
  await write({ ...inputs, [template]: minimal(page) });
  const render = open();
  await render.render();
  const messages: string[] = [];
  for (const bad of [
    '  stats auth stats:{{ stats.password }}\n  errorfile {{ stats.password }} {{ env.TOKEN }}\n',
    '  {{ stats.password }} {{ env.TOKEN }}\n',
    '{{ nothing(stats.password, env.TOKEN) }}',
  ]) {
    await write({ [template]: minimal(bad) });
    const failed = await failure(render.render());
    messages.push(`${failed.message} ${failed.stack} ${JSON.stringify(failed.data)} ${String(failed.cause)}`);
  }
  const stored = await redisContents(redis);
  expect(stored).toContain('BEGIN CERTIFICATE');
  const secret = /GEHEIM/;
  const keyLine = pair.key.split('\n')[1]!;
  for (const text of [...messages, ...log, stored]) {
    expect(text).not.toMatch(secret);
    expect(text).not.toContain(keyLine);
  }
  expect(messages.join()).toContain('***');
});

test('the default password is warned of when a template uses it, and only then', async () => {
  const { write, open, log } = start();
  const warnings = () => log.filter((line) => line.includes('DEFAULT PASSWORD')).length;
  await write({ [template]: minimal('  stats enable\n') });
  const render = open();
  await render.render();
  expect(warnings()).toBe(0);
  await write({ [template]: minimal('  stats enable\n  stats auth {{ stats.username }}:{{ stats.password }}\n') });
  await render.render();
  await write({ [service('web')]: '{}' });
  await render.render();
  expect(warnings()).toBe(1);
  expect(log.join()).not.toContain('IAmAnIdiot');
});
