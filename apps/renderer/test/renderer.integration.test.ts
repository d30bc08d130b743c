import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FleetName, type Manifest, type ManifestFile, fleetName, renderQueue, revision } from '@flotilla/domain';
import { type RenderJob, createJobHistory, createSignals } from '@flotilla/queue';
import {
  type Child,
  type RedisServer,
  type SmallDisk,
  canMountDisks,
  certificate as makeCertificate,
  cleanUp,
  smallDisk,
  startChild,
  startRedis,
  tcpProxy,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { bundleApp } from './bundled.ts';
import { certificate, key, masterKey, minimal, openWorld, template } from './fleet-world.ts';
import { redisContents } from './redis-contents.ts';

let bundled: Awaited<ReturnType<typeof bundleApp>>;
const open: { close: () => unknown }[] = [];

beforeAll(async () => {
  bundled = await bundleApp();
});
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  await cleanUp();
});
afterAll(() => {
  bundled.remove();
});

/** A HAProxy whose checks wait until the gate is opened, or their renderer is gone: a job for as long as a test likes. */
function gatedHaproxy() {
  const folder = temporaryFolder('gate').path;
  const [gate, binary, begun] = [`${folder}/open`, `${folder}/haproxy`, `${folder}/begun`];
  const script = `#!/bin/sh
if [ "$1" = -c ]; then touch ${begun}; while [ ! -e ${gate} ] && kill -0 "$PPID"; do sleep 0.02; done; fi
exec haproxy "$@"
`;
  writeFileSync(binary, script, { mode: 0o755 });
  const pass = (): void => {
    writeFileSync(gate, '');
  };
  /** Its inputs are read by then, and no later ones are in it. */
  const isChecking = (): boolean => existsSync(begun);
  return { env: { FLOTILLA_HAPROXY: binary }, pass, isChecking };
}

async function start() {
  const server = await startRedis({ persist: true });
  const renderer = (env: Record<string, string> = {}) => startRenderer(server, env);
  const fleet = (name: string) => openFleetOf(server, fleetName(name));
  return { server, renderer, fleet };
}

async function startRenderer(server: RedisServer, env: Record<string, string>) {
  const dataDir = temporaryFolder('renderer').path;
  const child = await startChild(process.execPath, [bundled.main], {
    env: {
      PATH: process.env['PATH'],
      REDIS_URL: server.url,
      FLOTILLA_KEY: masterKey.toString('base64'),
      FLOTILLA_HTTP: '127.0.0.1:0',
      FLOTILLA_DATA_DIR: dataDir,
      ...env,
    },
  });
  const line = await waitFor(() => child.lines.find((text) => text.includes('"started"')), { what: 'the renderer' });
  const { http } = JSON.parse(line) as { http: string };
  /** What `/readyz` finds wrong. */
  const problemOf = async (check: string): Promise<string | undefined> => {
    const answer = await (await fetch(`${http}/readyz`)).json();
    return (answer as { problems: Record<string, string> }).problems[check];
  };
  return { child, dataDir, http, problemOf };
}

function openFleetOf(server: RedisServer, fleet: FleetName) {
  const world = openWorld({
    url: server.url,
    fleet,
    dataDir: temporaryFolder('unused').path,
    processEntry: bundled.entry,
  });
  const signals = createSignals({ connection: world.redis });
  const history = createJobHistory({ connection: world.redis });
  const queue = new Queue(renderQueue.name, { connection: world.redis, prefix: renderQueue.prefix });
  open.push(world, signals, history, queue);
  let count = 0;
  const change = async (text: string): Promise<void> => {
    await world.write({ [template]: text });
    await signals.signal(fleet, revision(++count));
  };
  const version = async () => (await world.artifacts.newest())?.version ?? 0;
  const until = (what: string, condition: () => unknown) => waitFor(condition, { what, deadlineMs: 30_000 });
  const jobs = (...states: RenderJob['state'][]) => history.jobs({ fleet, ...(states.length > 0 && { states }) });
  /** The fleet's last change is a job that nobody has tried in vain. */
  const isWaiting = () =>
    until('the job to wait', async () => {
      const [newest] = await jobs();
      return newest?.state === 'waiting' && newest.attempts === 0 && newest.setback === undefined;
    });
  /** A renderer had the job, and put it back as it was. */
  const isGivenBack = async () => {
    await isWaiting();
    const [job] = await jobs('waiting');
    const { logs } = await queue.getJobLogs(job?.id ?? '');
    expect(logs.join('\n')).toMatch(/given back by/);
  };
  /** Of all the fleet's jobs no attempt failed. */
  const wasDoneAtOnce = async () => {
    await until('the end of the job', async () => (await jobs('completed')).length === (await jobs()).length);
    for (const { attempts } of await jobs()) expect(attempts).toBe(1);
  };
  return { ...world, change, history, version, until, isWaiting, isGivenBack, wasDoneAtOnce };
}

/** The processes that a process started and that run. */
const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

const commandOf = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');

/** In hundredths of a second. */
const cpuTimeOf = (pid: number): number => Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[13]);

const output = ({ lines }: Child): string => lines.join('\n');

test('a HAProxy that is not there is trouble of the renderer until it is: others do its jobs meanwhile', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const binary = `${temporaryFolder('later').path}/haproxy`;
  const install = (): void => {
    writeFileSync(binary, '#!/bin/sh\nexec haproxy "$@"\n', { mode: 0o755 });
  };
  const { problemOf } = await renderer({ FLOTILLA_HAPROXY: binary });
  expect(await problemOf('haproxy')).toContain(`cannot run ${binary}`);
  // No job shows it here: it takes none.
  await lb.change(minimal());
  await lb.isWaiting();
  install();
  await lb.until('the first version', async () => (await lb.version()) === 1);
  await lb.wasDoneAtOnce();
  expect(await problemOf('haproxy')).toBeUndefined();
  rmSync(binary);
  await lb.change(minimal('# 2'));
  await lb.until('the trouble', async () => (await problemOf('haproxy'))?.includes(`cannot run ${binary}`));
  await lb.isGivenBack();
  const other = await renderer();
  await lb.until('the second version', async () => (await lb.version()) === 2);
  await lb.wasDoneAtOnce();
  await other.child.stop();
  await lb.change(minimal('# 3'));
  await lb.isWaiting();
  install();
  await lb.until('the third version', async () => (await lb.version()) === 3);
});

test('another key is trouble of the renderer for as long as something is sealed with that', async () => {
  const { renderer, fleet } = await start();
  const [lb, edge] = [fleet('lb'), fleet('edge')];
  const good = await renderer();
  for (const one of [lb, edge]) {
    await one.change(minimal());
    await one.until('the first version', async () => (await one.version()) === 1);
  }
  await good.child.stop();
  const { problemOf } = await renderer({ FLOTILLA_KEY: Buffer.alloc(32, 1).toString('base64') });
  expect(await problemOf('key')).toBeUndefined();
  await lb.change(minimal('# more'));
  await lb.until('the trouble', async () => (await problemOf('key'))?.includes('sealed with another FLOTILLA_KEY'));
  await lb.isGivenBack();
  const again = await renderer();
  await lb.until('the second version', async () => (await lb.version()) === 2);
  await lb.wasDoneAtOnce();
  await again.child.stop();
  await lb.redis.flushall();
  await lb.until('the end of the trouble', async () => (await problemOf('key')) === undefined);
  const anew = fleet('anew');
  await anew.change(minimal());
  await anew.until('a version under this key', async () => (await anew.version()) === 1);
});

test.each([
  ['of one of several fleets', ['lb', 'edge']],
  ['of the only fleet with versions', ['lb']],
])('a damaged blob %s fails the jobs of its fleet, and those alone', async (_, published) => {
  const { renderer, fleet } = await start();
  const [lb, edge] = [fleet('lb'), fleet('edge')];
  const first = await renderer();
  for (const one of [lb, edge].filter((some) => published.includes(some.fleet))) {
    await one.change(minimal());
    await one.until('the first version', async () => (await one.version()) === 1);
  }
  await first.child.stop();
  const { files } = (await lb.artifacts.versions())[0] as Manifest;
  const { digest } = files.find(({ path }) => path === 'haproxy.cfg') as ManifestFile;
  await lb.redis.hset(lb.keys.blobs, digest, 'damaged');
  const { http } = await renderer();
  await lb.change(minimal('# more'));
  const failed = () => lb.history.jobs({ fleet: lb.fleet, states: ['failed'] });
  await lb.until('the failed job', async () => (await failed()).length === 1);
  expect((await failed())[0]?.reason).toContain('or damaged');
  expect((await fetch(`${http}/readyz`)).status).toBe(200);
  await edge.change(minimal('# more'));
  await edge.until('the change', async () => (await edge.published())['haproxy.cfg']?.includes('# more'));
});

test('a change becomes a job and a version, and the job tells what came of it', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { http } = await renderer();
  await lb.change(minimal('# 1'));
  await lb.until('version 1', async () => (await lb.version()) === 1);
  const ended = () => lb.history.jobs({ fleet: lb.fleet, states: ['completed'] });
  await lb.until('the finished job', async () => (await ended()).length === 1);
  const [job] = await ended();
  expect(job?.result).toMatchObject({ kind: 'published', fleet: 'lb', version: 1, revision: 1 });
  const ready = await fetch(`${http}/readyz`);
  expect(ready.status).toBe(200);
  const metrics = await (await fetch(`${http}/metrics`)).text();
  expect(metrics).toContain('flotilla_renders_total{fleet="lb",outcome="published"} 1');
  expect(metrics).toContain('flotilla_artifact_version{fleet="lb"} 1');
  expect(metrics).toMatch(/flotilla_render_stage_seconds_count\{fleet="lb",stage="check"\} 1/);
});

test('what HAProxy refuses stands in the job, in the log and in the metrics, without the password', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { child, http } = await renderer({ STATISTICS_PASSWORD: 'GEHEIM-42' });
  await lb.change(
    minimal('  stats auth stats:{{ stats.password }}\n  nonsense {{ stats.password }}\n  {{ stats.password }}'),
  );
  await lb.until(
    'the failed job',
    async () => (await lb.history.jobs({ fleet: lb.fleet, states: ['failed'] })).length === 1,
  );
  const [job] = await lb.history.jobs({ fleet: lb.fleet });
  expect(job).toMatchObject({
    state: 'failed',
    attempts: 1,
    renderer: expect.stringContaining(`/${child.pid}/`) as string,
    setback: { revision: 1, stage: 'check', code: 'haproxy-refuses', changes: [{ object: 'configmaps/x/y' }] },
  });
  expect(job?.reason).toMatch(/fleet lb: HAProxy refuses.*haproxy\.cfg:7\].*nonsense/);
  expect(output(child)).toContain('nonsense');
  expect(await (await fetch(`${http}/metrics`)).text()).toMatch(
    /flotilla_render_failures_total\{fleet="lb",stage="check",code="haproxy-refuses"\} 1/,
  );
  expect(await redisContents(lb.redis)).not.toContain('GEHEIM');
  expect(output(child)).not.toContain('GEHEIM');
  expect(await lb.version()).toBe(0);
});

test('after good and bad renders no key is readable in Redis, its job history included, nor in a log', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { child } = await renderer({ FLOTILLA_LOG_LEVEL: 'trace' });
  const [pair, other] = [await makeCertificate({ cn: 'a.example' }), await makeCertificate({ cn: 'b.example' })];
  const bind = 'frontend f\n  bind unix@/tmp/never ssl crt {{ ssldir }}/a\n';
  await lb.write({ [certificate('a')]: pair.cert, [key('a')]: pair.key });
  await lb.change(minimal(bind));
  await lb.until('version 1', async () => (await lb.version()) === 1);
  // HAProxy itself meets a key that does not fit, and one that is garbage.
  for (const [at, bad] of [other.key, `${pair.key.slice(0, 60)}\n`].entries()) {
    await lb.write({ [key('a')]: bad });
    await lb.change(minimal(`${bind}# ${at}\n`));
    await lb.until('the version without it', async () => (await lb.version()) === at + 2);
    const newest = async () => (await lb.history.jobs({ fleet: lb.fleet, states: ['completed'] }))[0]?.result;
    await lb.until('its job', async () => (await newest())?.version === at + 2);
    expect((await newest())?.problems[0]).toContain('ssl/a');
  }
  await lb.change(minimal(`${bind}nonsense\n`));
  await lb.until(
    'the failed job',
    async () => (await lb.history.jobs({ fleet: lb.fleet, states: ['failed'] })).length === 1,
  );
  const stored = await redisContents(lb.redis);
  expect(stored).toContain('BEGIN CERTIFICATE');
  const lines = [pair, other].flatMap((one) => one.key.split('\n')).filter((line) => /^[\w+/=]{20,}$/.test(line));
  expect(lines.length).toBeGreaterThan(3);
  for (const line of lines) for (const text of [stored, output(child)]) expect(text).not.toContain(line);
});

test('fleets are rendered beside each other by as many renderers as there are', async () => {
  const { renderer, fleet } = await start();
  await Promise.all([renderer(), renderer()]);
  const fleets = ['a', 'b', 'c', 'd', 'e'].map((name) => fleet(name));
  for (let round = 1; round <= 5; round++) await Promise.all(fleets.map((one) => one.change(minimal(`# ${round}`))));
  for (const one of fleets) {
    await one.until(`the last change of ${one.fleet}`, async () =>
      (await one.published())['haproxy.cfg']?.includes('# 5'),
    );
  }
});

test('a renderer killed in mid-job loses nothing: another one does it', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { env, isChecking } = gatedHaproxy();
  const first = await renderer(env);
  await lb.change(minimal('# slow'));
  await lb.until('the job to be under way', isChecking);
  await first.child.kill();
  await lb.change(minimal('# after'));
  const second = await renderer();
  await lb.until('the last change', async () => (await lb.published())['haproxy.cfg']?.includes('# after'));
  expect(readdirSync(second.dataDir)).toHaveLength(1);
});

test('a template that makes V8 end its process ends neither its renderer nor the renders of others', async () => {
  const { renderer, fleet } = await start();
  const [lb, edge] = [fleet('lb'), fleet('edge')];
  const { child } = await renderer({ FLOTILLA_RENDER_HEAP_MB: '256' });
  await edge.change(minimal('# 1'));
  await edge.until('version 1', async () => (await edge.version()) === 1);
  await lb.change(
    "{% set kept = [] %}{% for a in range(1000) %}{% do kept.append(('xyz' * 3000000)|list) %}{% endfor %}",
  );
  await edge.change(minimal('# 2'));
  await edge.until('version 2', async () => (await edge.version()) === 2);
  const failed = () => lb.history.jobs({ fleet: lb.fleet, states: ['failed'] });
  await lb.until('the failed job', async () => (await failed()).length === 1);
  expect((await failed())[0]).toMatchObject({
    attempts: 1,
    reason: expect.stringMatching(/^fleet lb: rendering needed more than 256 MB/) as string,
  });
  await lb.change(minimal('# mended'));
  await lb.until('the mended template', async () => (await lb.published())['haproxy.cfg']?.includes('# mended'));
  expect(child.exit()).toBeUndefined();
});

test('a render process ends with its renderer, also in an endless loop', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { child } = await renderer({ FLOTILLA_RENDER_TIMEOUT_MS: '1000' });
  await lb.change(minimal('# 1'));
  await lb.until('version 1', async () => (await lb.version()) === 1);
  await lb.change('{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}');
  const process = await lb.until('the render to be under way', () =>
    childrenOf(child.pid).find((pid) => commandOf(pid).includes('render.process') && cpuTimeOf(pid) > 30),
  );
  await child.kill();
  await lb.until('the process to end', () => !existsSync(`/proc/${process}`));
});

const spoilings = [
  ['is full', /ENOSPC: no space left/, (disk: SmallDisk) => disk.fill(), (disk: SmallDisk) => disk.empty()],
  ['is read-only', /EROFS: read-only/, (disk: SmallDisk) => disk.lock(), (disk: SmallDisk) => disk.unlock()],
] as const;
test.runIf(canMountDisks).each(spoilings)(
  'a disk that %s is trouble of the renderer: the job waits for another one, and it goes on by itself',
  async (_, why, spoil, mend) => {
    const { renderer, fleet } = await start();
    const lb = fleet('lb');
    const disk = smallDisk(4);
    const { problemOf } = await renderer({ FLOTILLA_DATA_DIR: disk.path });
    const large = (name: string) => minimal(`# ${name} ${'x'.repeat(100_000)}`);
    await lb.change(large('good'));
    await lb.until('version 1', async () => (await lb.version()) === 1);
    spoil(disk);
    await lb.change(`${large('next')}# ${'y'.repeat(100_000)}\n`);
    await lb.until('the trouble', async () => why.test((await problemOf('staging')) ?? ''));
    await lb.isGivenBack();
    const other = await renderer();
    await lb.until('version 2', async () => (await lb.version()) === 2);
    await lb.wasDoneAtOnce();
    await other.child.stop();
    mend(disk);
    await lb.until('the end of the trouble', async () => (await problemOf('staging')) === undefined);
    await lb.change(large('after'));
    await lb.until('the last change', async () => (await lb.published())['haproxy.cfg']?.includes('# after'));
    // Nothing half-written, and nothing of the look whether it can be written again.
    const left = readdirSync(disk.path, { recursive: true }).map(String);
    expect(left.filter((name) => /haproxy\.cfg|trial/.test(name))).toEqual([
      expect.stringMatching(/^check-[^/]*\/lb\/haproxy\.cfg$/),
    ]);
  },
);

test('asked to end, a renderer finishes its job, takes no other, and leaves no keys on disk', async () => {
  const { renderer, fleet } = await start();
  const lb = fleet('lb');
  const { env, pass, isChecking } = gatedHaproxy();
  const { child, dataDir } = await renderer(env);
  await lb.change(minimal('# slow'));
  await lb.until('the job to be under way', isChecking);
  await child.kill('SIGTERM');
  await lb.until('the end to begin', () => output(child).includes('"ending"'));
  await lb.change(minimal('# for another renderer'));
  pass();
  const exit = await child.exited;
  expect(exit).toEqual({ code: 0, signal: null });
  expect((await lb.published())['haproxy.cfg']).toContain('# slow');
  expect(existsSync(dataDir) ? readdirSync(dataDir) : []).toEqual([]);
});

test('a renderer outlives a restart of Redis', async () => {
  const { server, renderer, fleet } = await start();
  const lb = fleet('lb');
  const { child } = await renderer();
  await lb.change(minimal('# 1'));
  await lb.until('version 1', async () => (await lb.version()) === 1);
  await server.restart();
  await lb.change(minimal('# 2'));
  await lb.until('version 2', async () => (await lb.version()) === 2);
  expect(child.exit()).toBeUndefined();
});

test('without a key it does not start, and says how to make one', async () => {
  const { server } = await start();
  const child = await startChild(process.execPath, [bundled.main], {
    env: { PATH: process.env['PATH'], REDIS_URL: server.url },
  });
  expect(await child.exited).toMatchObject({ code: 64 });
  expect(output(child)).toContain('openssl rand -base64 32');
});

test('a job is done though the connections to Redis pass nothing any more, and the renderer is ready again', async () => {
  const server = await startRedis();
  const proxy = await tcpProxy(server.port);
  const { http } = await startRenderer(server, {
    REDIS_URL: `redis://127.0.0.1:${proxy.port}`,
    FLOTILLA_REDIS_TIMEOUT_MS: '4000',
  });
  const lb = openFleetOf(server, fleetName('lb'));
  await lb.change(minimal('# 1'));
  await lb.until('version 1', async () => (await lb.version()) === 1);
  proxy.freeze();
  await lb.until('the silence of Redis to be told', async () => (await fetch(`${http}/readyz`)).status === 503);
  await lb.change(minimal('# 2'));
  await lb.until('version 2', async () => (await lb.version()) === 2);
  await lb.until('readiness', async () => (await fetch(`${http}/readyz`)).status === 200);
});

test('a renderer whose connections were reset is ready again without a job', async () => {
  const server = await startRedis();
  const proxy = await tcpProxy(server.port);
  const { child, http } = await startRenderer(server, { REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  const lb = openFleetOf(server, fleetName('lb'));
  await lb.until('readiness', async () => (await fetch(`${http}/readyz`)).status === 200);
  proxy.reset();
  await lb.until('the trouble', () => output(child).includes('the queue is in trouble'));
  await lb.until('readiness', async () => (await fetch(`${http}/readyz`)).status === 200);
});

test('jobs of the new primary are done when the address moves and the old one lives on as a replica', async () => {
  const server = await startRedis();
  const proxy = await tcpProxy(server.port);
  await startRenderer(server, { REDIS_URL: `redis://127.0.0.1:${proxy.port}` });
  const before = openFleetOf(server, fleetName('lb'));
  await before.change(minimal('# 1'));
  await before.until('version 1', async () => (await before.version()) === 1);
  const next = await startRedis();
  proxy.pointTo(next.port);
  await before.redis.replicaof('127.0.0.1', next.port);
  const after = openFleetOf(next, fleetName('lb'));
  await after.change(minimal('# 2'));
  await after.until('the version in the new primary', async () => (await after.version()) > 0);
});
