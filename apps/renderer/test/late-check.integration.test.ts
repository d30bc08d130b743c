import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fleetName } from '@flotilla/domain';
import { readProgress } from '@flotilla/inputs';
import {
  type RedisServer,
  certificate as makeCertificate,
  cleanUp,
  startRedis,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import type { FleetRender } from '../src/fleet-render.ts';
import { bundleApp } from './bundled.ts';
import { certificate, key, minimal, openWorld, pod, service, template } from './fleet-world.ts';

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

const backends = minimal(
  '{% for s in services %}backend {{ s.name }}\n{% for name, pod in s.pods.items() %}  server {{ name }} {{ pod.ip }}:80{{ pod.more }}\n{% endfor %}{% endfor %}',
);

/**
 * A fleet of one service with one pod, rendered and checked. Its HAProxy notes every check, waits in it while the gate
 * is shut, and refuses the address 10.66.66.66, which stands for whatever a vouched for line could still be wrong in.
 */
async function start(env: Record<string, string> = {}) {
  const folder = temporaryFolder('haproxy').path;
  const [binary, gate, calls] = [`${folder}/haproxy`, `${folder}/shut`, `${folder}/calls`];
  writeFileSync(
    binary,
    `#!/bin/sh
if [ "$1" = -c ]; then
  echo check >> ${calls}
  while [ -e ${gate} ] && kill -0 "$PPID"; do sleep 0.02; done
  if grep -q 10.66.66.66 "$3"; then echo "[ALERT] : parsing [$3:9] : server refused" >&2; exit 1; fi
fi
exec haproxy "$@"
`,
    { mode: 0o755 },
  );
  const fleet = fleetName(`late-${++count}`);
  const dataDir = temporaryFolder('renderer').path;
  const world = openWorld({
    ...{ url: server.url, fleet, dataDir, processEntry: bundled.entry },
    env: { FLOTILLA_HAPROXY: binary, ...env },
  });
  worlds.push(world);
  const open = (more: Record<string, string> = {}) => {
    const opened = world.open(more);
    fleets.push(opened);
    return opened;
  };
  const gateIs = (state: 'shut' | 'open'): void => {
    if (state === 'shut') writeFileSync(gate, '');
    else rmSync(gate);
  };
  const checksBegun = (): number => (existsSync(calls) ? readFileSync(calls, 'utf8').split('\n').length - 1 : 0);
  const checkedVersion = async () => Number(await world.redis.hget(world.keys.meta, 'checkedVersion'));
  const version = async () => (await world.artifacts.newest())?.version;
  const config = async () => (await world.published())['haproxy.cfg'];
  const podIs = (name: string, ip: string | null, more = '') =>
    world.write({ [pod('web', name)]: ip === null ? null : JSON.stringify({ ip, more }) });
  await world.write({ [template]: backends, [service('web')]: '{}', [pod('web', 'a')]: '{"ip":"10.0.0.1","more":""}' });
  const render = open();
  await render.render();
  const until = (what: string, condition: () => unknown) => waitFor(condition, { what, deadlineMs: 20_000 });
  return { ...world, open, render, gateIs, checksBegun, checkedVersion, version, config, podIs, until };
}

const refusedLater =
  /version 2 went out before its check, and HAProxy refuses it \(.*server refused.*\): version 1 is in force again, as version 3/;

test('pods that come and go are published before the check, which follows', async () => {
  const { render, redis, fleet, podIs, gateIs, version, checkedVersion, until } = await start();
  gateIs('shut');
  for (const [name, ip] of [
    ['b', '10.0.0.2'],
    ['b', '10.0.0.3'],
    ['a', null],
  ] as const) {
    await podIs(name, ip);
    const result = await render.render();
    expect(result.kind).toBe('published');
    expect(result.stagesMs).not.toHaveProperty('check');
  }
  expect([await version(), await checkedVersion()]).toEqual([4, 1]);
  expect(await readProgress(redis, fleet)).toMatchObject({ isRendered: false });
  gateIs('open');
  await until('the check', async () => (await checkedVersion()) === 4);
  expect(await readProgress(redis, fleet)).toMatchObject({ isRendered: true });
});

test('whatever else changes waits for its check', async () => {
  const { write, render, podIs, version, checkedVersion } = await start();
  const pair = await makeCertificate({ cn: 'a.example' });
  const changes = [
    () => podIs('b', '10.0.0.2', ' check'),
    () => podIs('b', '::1'),
    () => write({ [service('other')]: '{}' }),
    () => write({ [certificate('a')]: pair.cert, [key('a')]: pair.key }),
    () => write({ [template]: backends.replace('timeout client 1s', 'timeout client 2s') }),
  ];
  for (const change of changes) {
    await change();
    const result = await render.render();
    expect(result.stagesMs).toHaveProperty('check');
    expect(await checkedVersion()).toBe(await version());
  }
});

test('a version that is refused afterwards is withdrawn, and the next job says so', async () => {
  const { render, podIs, signalled, log, config, version, checkedVersion, until } = await start();
  await podIs('b', '10.66.66.66');
  expect(await render.render()).toMatchObject({ kind: 'published', version: 2, revision: 2 });
  await until('the withdrawal', async () => (await version()) === 3);
  expect(await config()).not.toContain('10.66.66.66');
  expect(await checkedVersion()).toBe(3);
  await until('the next job', () => signalled.length > 0);
  expect(signalled).toEqual([2]);
  expect(log.join()).toMatch(refusedLater);
  await expect(render.render()).rejects.toThrow(/HAProxy refuses the rendered bundle.*; version 2 went out before/);
  expect(await version()).toBe(3);
  await podIs('b', '10.0.0.2');
  const mended = await render.render();
  expect(mended).toMatchObject({ kind: 'published', version: 4, problems: [] });
  expect(mended.stagesMs).toHaveProperty('check');
});

test('the version that is out is looked after even when the next inputs fail for another reason', async () => {
  const { write, render, podIs, gateIs, config, version, until } = await start();
  gateIs('shut');
  await podIs('b', '10.66.66.66');
  await render.render();
  await write({ [template]: '{% for %}' });
  await expect(render.render()).rejects.toThrow('line 1');
  gateIs('open');
  await until('the withdrawal', async () => (await version()) === 3);
  expect(await config()).not.toContain('10.66.66.66');
  await expect(render.render()).rejects.toThrow(refusedLater);
});

test('what a renderer left unchecked when it ended is checked by the next one', async () => {
  const { open, render, podIs, gateIs, version, checkedVersion } = await start();
  gateIs('shut');
  await podIs('b', '10.0.0.2');
  await render.render();
  await render.close();
  gateIs('open');
  expect(await open().render()).toMatchObject({ kind: 'unchanged', version: 2 });
  expect([await version(), await checkedVersion()]).toEqual([2, 2]);
});

test('what a renderer left unchecked when it ended is withdrawn by the next one if HAProxy refuses it', async () => {
  const { open, render, podIs, gateIs, config, version } = await start();
  gateIs('shut');
  await podIs('b', '10.66.66.66');
  await render.render();
  await render.close();
  gateIs('open');
  await expect(open().render()).rejects.toThrow(refusedLater);
  expect(await version()).toBe(3);
  expect(await config()).not.toContain('10.66.66.66');
});

test('a check that a version waits for comes first', async () => {
  const { write, render, podIs, gateIs, checksBegun, version, checkedVersion, until } = await start();
  gateIs('shut');
  await podIs('b', '10.0.0.2');
  await render.render();
  await until('the late check to begin', () => checksBegun() === 2);
  await write({ [template]: backends.replace('timeout client 1s', 'timeout client 2s') });
  const rendering = render.render();
  await until('the other check to begin', () => checksBegun() === 3);
  gateIs('open');
  expect(await rendering).toMatchObject({ kind: 'published', version: 3 });
  expect([await version(), await checkedVersion()]).toEqual([3, 3]);
});

test('the last checked version always stays: past it, a version waits for its check', async () => {
  const { render, podIs, gateIs, artifacts, checksBegun, checkedVersion, until } = await start({
    FLOTILLA_KEEP_VERSIONS: '3',
  });
  gateIs('shut');
  for (const last of [2, 3]) {
    await podIs('b', `10.0.0.${last}`);
    expect((await render.render()).stagesMs).not.toHaveProperty('check');
  }
  await until('the late check to begin', () => checksBegun() === 2);
  expect((await artifacts.versions()).map(({ version }) => version)).toEqual([3, 2, 1]);
  await podIs('b', '10.0.0.4');
  const rendering = render.render();
  await until('a check that is waited for', () => checksBegun() === 3);
  gateIs('open');
  const result = await rendering;
  expect(result).toMatchObject({ kind: 'published', version: 4 });
  expect(result.stagesMs).toHaveProperty('check');
  expect(await checkedVersion()).toBe(4);
});
