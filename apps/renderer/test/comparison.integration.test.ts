import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { fleetName, inputField, revision } from '@flotilla/domain';
import { createJobHistory, createSignals } from '@flotilla/queue';
import {
  type RedisServer,
  cleanUp,
  staleParts,
  staleRenders,
  startChild,
  startRedis,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import type { FleetRender } from '../src/fleet-render.ts';
import { bundleApp } from './bundled.ts';
import { masterKey, minimal, openWorld, service, template } from './fleet-world.ts';

type Bundled = Awaited<ReturnType<typeof bundleApp>>;
/** As it is built, and with a fault in its incremental renders. */
let good: Bundled;
let faulty: Bundled;
let server: RedisServer;
const open: { close: () => unknown }[] = [];
let count = 0;

beforeAll(async () => {
  [good, faulty, server] = await Promise.all([bundleApp(), bundleApp([staleRenders]), startRedis()]);
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(async () => {
  good.remove();
  faulty.remove();
  await cleanUp();
});

/** Its last lines tell how many services there are, each in a way that the faulty process does not follow. */
const text = minimal(
  `${staleParts.macro}# GEHEIM\n{% for s in services %}# ${staleParts.call} for {{ s.name }}\n{% endfor %}`,
);

const seen = inputField('config', 'seen');

/** A fleet whose inputs are written and whose jobs are added as a watcher does. */
async function start({ entry }: Bundled) {
  const fleet = fleetName(`compare-${++count}`);
  const world = openWorld({
    ...{ url: server.url, fleet, processEntry: entry },
    dataDir: temporaryFolder('renderer').path,
    env: { STATISTICS_PASSWORD: 'GEHEIM' },
  });
  const signals = createSignals({ connection: world.redis });
  const history = createJobHistory({ connection: world.redis });
  open.push(world, signals, history);
  await world.write({ [template]: text, [seen]: staleParts.seen, [service('a')]: '{}' });
  let changes = 0;
  const change = async (fields: Record<string, string | null>): Promise<void> => {
    await world.write(fields);
    await signals.signal(fleet, revision(++changes));
  };
  const told = async () => /# (\d+) for a/.exec((await world.published())['haproxy.cfg'] ?? '')?.[1];
  const until = (what: string, condition: () => unknown) => waitFor(condition, { what, deadlineMs: 30_000 });
  const jobs = () => history.jobs({ fleet });
  const openRender = (more: Record<string, string>): FleetRender => {
    const render = world.open(more);
    open.push(render);
    return render;
  };
  return { ...world, signals, change, told, until, jobs, openRender };
}

async function startRenderer({ main }: Bundled, env: Record<string, string>) {
  const child = await startChild(process.execPath, [main], {
    env: {
      ...{ PATH: process.env['PATH'], REDIS_URL: server.url, FLOTILLA_KEY: masterKey.toString('base64') },
      ...{ FLOTILLA_HTTP: '127.0.0.1:0', FLOTILLA_DATA_DIR: temporaryFolder('renderer').path },
      STATISTICS_PASSWORD: 'GEHEIM',
      ...env,
    },
  });
  open.push({ close: () => child.stop() });
  const line = await waitFor(() => child.lines.find((one) => one.includes('"started"')), { what: 'the renderer' });
  const { http } = JSON.parse(line) as { http: string };
  const metric = async (fleet: string, outcome: string): Promise<number> => {
    const page = await (await fetch(`${http}/metrics`)).text();
    const found = new RegExp(
      `^flotilla_render_comparisons_total\\{fleet="${fleet}",outcome="${outcome}"\\} (\\d+)`,
      'm',
    );
    return Number(found.exec(page)?.[1] ?? NaN);
  };
  return { child, metric };
}

test('a stale version is found, told and replaced, and the fleet is rendered from nothing until its template changes', async () => {
  const { fleet, change, told, until, jobs } = await start(faulty);
  const { child, metric } = await startRenderer(faulty, { FLOTILLA_RENDER_COMPARE_MS: '1000' });
  await change({});
  await until('the first version', async () => (await told()) === '1');
  expect(await metric(fleet, 'different')).toBe(0);

  await change({ [service('b')]: '{}' });
  await until('the right version', async () => (await told()) === '2');
  await until('the count', async () => (await metric(fleet, 'different')) === 1);
  const line = child.lines.find((one) => one.includes('an incremental render was wrong')) ?? '';
  expect(JSON.parse(line)).toMatchObject({ level: 'error', fleet, file: 'haproxy.cfg', line: 7 });
  expect(line).toContain('line 7 of haproxy.cfg is the first that differs');
  expect(child.lines.join('\n')).not.toContain('GEHEIM');
  const notes = async () => (await jobs()).flatMap(({ result }) => result?.problems ?? []);
  await until('the job to tell', async () => (await notes()).length === 1);
  expect(await notes()).toEqual([expect.stringContaining('line 7 of haproxy.cfg')]);

  await change({ [service('c')]: '{}' });
  await until('a version with three', async () => (await told()) === '3');
  expect(await metric(fleet, 'different')).toBe(1);

  await change({ [template]: `${text}# another` });
  await until('the other template', async () => (await jobs()).filter(({ result }) => result).length === 5);
  await change({ [service('d')]: '{}' });
  await until('the right version again', async () => (await told()) === '4');
  await until('the count', async () => (await metric(fleet, 'different')) === 2);
});

test('a stale configuration that HAProxy refuses does not keep its fleet back', async () => {
  const { change, until, told, jobs } = await start(faulty);
  await startRenderer(faulty, { FLOTILLA_RENDER_COMPARE_MS: '1000' });
  const chosen = `${staleParts.macro}{% for s in services %}backend {{ s.name }}-of-${staleParts.call}\n{% endfor %}`;
  await change({
    [template]: `${minimal(`${chosen}# {{ services|length }} for a`)}  use_backend a-of-{{ services|length }}`,
  });
  await until('the first version', async () => (await told()) === '1');
  await change({ [service('b')]: '{}' });
  await until('the version that waited', async () => (await told()) === '2');
  expect((await jobs()).map(({ reason }) => reason)).toContainEqual(expect.stringContaining('a-of-2'));
});

test('what one renderer found, others know as well', async () => {
  const { write, told, until, openRender, signalled } = await start(faulty);
  const [first, second] = [
    openRender({ FLOTILLA_RENDER_COMPARE_MS: '1' }),
    openRender({ FLOTILLA_RENDER_COMPARE_MS: '0' }),
  ];
  await first.render();
  await second.render();
  await write({ [service('b')]: '{}' });
  await second.render();
  expect(await told()).toBe('1');
  await first.render();
  await until('the job', () => signalled.length === 1);
  second.readAhead();
  expect(await second.render()).toMatchObject({ kind: 'published', version: 3 });
  expect(await told()).toBe('2');
});

test('where comparing is off, nothing is compared', async () => {
  const { fleet, change, told, until, jobs } = await start(faulty);
  const { metric } = await startRenderer(faulty, { FLOTILLA_RENDER_COMPARE_MS: '0' });
  await change({});
  await until('the first version', async () => (await told()) === '1');
  await change({ [service('b')]: '{}' });
  for (let done = 2; done < 6; done++) {
    await until('the job', async () => (await jobs()).filter(({ result }) => result).length >= done);
    await change({ [service(`s${done}`)]: '{}' });
  }
  expect(await told()).toBe('1');
  for (const outcome of ['same', 'different', 'failed']) expect(await metric(fleet, outcome)).toBe(0);
});

test('without a fault every comparison finds the same, templates with chance in them included', async () => {
  const { fleet, change, until, told } = await start(good);
  const { child, metric } = await startRenderer(good, { FLOTILLA_RENDER_COMPARE_MS: '1' });
  await change({ [template]: `${text}{% for s in services %}# {{ range(1000)|random }} {{ s.name }}\n{% endfor %}` });
  await until('the first version', async () => (await told()) === '1');
  for (let at = 1; at <= 10; at++) {
    await change({ [service(`s${at % 4}`)]: `{"at": ${at}}` });
    await until('a comparison', async () => (await metric(fleet, 'same')) >= at);
  }
  expect(await told()).toBe('5');
  expect(await metric(fleet, 'different')).toBe(0);
  expect(await metric(fleet, 'failed')).toBe(0);
  expect(child.lines.join('\n')).not.toContain('was wrong');
});
