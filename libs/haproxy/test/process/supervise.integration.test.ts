import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort, loadClient, onCleanup, temporaryFolder, waitFor } from '@flotilla/testkit';
import { parseConfig } from '../../src/model/config.ts';
import { masterSocket } from '../../src/process/master-socket.ts';
import { type OutputFile, followOutput } from '../../src/process/output-file.ts';
import { ownConfig } from '../../src/process/own-config.ts';
import { findFamily, findMaster, isAlive } from '../../src/process/process-identity.ts';
import { reload } from '../../src/process/reload.ts';
import { type Supervisor, type SupervisorEvent, supervise } from '../../src/process/supervise.ts';

let dir: string;
let port: number;
let lines: string[];
let events: SupervisorEvent[];

const config = (more = '') => `defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend f
  bind 127.0.0.1:${port}
  http-request return status 200 content-type text/plain lf-string "%[env(FLOTILLA_RELEASE)]"
${more}`;

const write = (release: string, more?: string) => {
  writeFileSync(join(dir, 'haproxy.cfg'), config(more));
  const own = ownConfig({
    statsSocket: join(dir, 's.sock'),
    release,
    userConfig: parseConfig(config(more)),
    version: '2.6.12',
  });
  writeFileSync(join(dir, 'own.cfg'), own);
};
const socket = () => join(dir, 'm.sock');
/** On a new connection: one that is kept alive stays with the old worker. */
const read = async () => (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();

async function supervisor(
  more: { beforeRestart?: () => Promise<unknown> } = {},
): Promise<{ haproxy: Supervisor; output: OutputFile }> {
  const output = await followOutput({ path: join(dir, 'out.log'), onLine: (line) => lines.push(line) });
  const haproxy = supervise({
    binary: 'haproxy',
    files: [join(dir, 'haproxy.cfg'), join(dir, 'own.cfg')],
    masterSocket: socket(),
    output,
    startTimeoutMs: 10_000,
    onEvent: (event) => events.push(event),
    ...more,
  });
  onCleanup(() => haproxy.release());
  return { haproxy, output };
}

async function started(): Promise<Supervisor> {
  write('one');
  const { haproxy } = await supervisor();
  expect(await haproxy.start()).toMatchObject({ kind: 'started' });
  return haproxy;
}

beforeEach(async () => {
  dir = temporaryFolder('supervise').path;
  port = await freePort();
  lines = [];
  events = [];
  // Whatever a test leaves running ends with it.
  onCleanup(async () => {
    const left = findMaster(socket());
    if (!left) return;
    process.kill(left.pid, 'SIGKILL');
    await waitFor(() => !isAlive(left), { what: 'the end of haproxy' });
  });
});
afterEach(cleanUp);

describe('supervise', () => {
  it('starts HAProxy, reloads it with proof and stops it', async () => {
    const haproxy = await started();
    expect(await read()).toBe('one');
    write('two');
    const result = await reload(haproxy.master, { timeoutMs: 10_000 });
    expect(result).toMatchObject({ kind: 'reloaded', processes: { master: { reloads: 1, failed: 0 } } });
    expect(await read()).toBe('two');
    const worker = result.kind === 'reloaded' ? result.worker : 0;
    expect(await haproxy.master.askWorker(worker, 'show env FLOTILLA_RELEASE')).toContain('FLOTILLA_RELEASE=two');
    const pid = haproxy.running?.pid ?? 0;
    await haproxy.stop(2_000);
    expect(findMaster(socket())).toBeUndefined();
    expect(() => process.kill(pid, 0)).toThrow();
    expect(events).toEqual([]);
  });

  it("says why a start failed, in HAProxy's words, and starts after it was mended", async () => {
    write('one', '  foo bar\n');
    const { haproxy } = await supervisor();
    expect(await haproxy.start()).toEqual({
      kind: 'failed',
      words: "parsing [haproxy.cfg:9] : unknown keyword 'foo' in 'frontend' section",
      refuses: true,
    });
    write('two');
    expect(await haproxy.start()).toMatchObject({ kind: 'started' });
    await haproxy.stop(2_000);
  });

  it('says that there is no such program', async () => {
    write('one');
    const { output } = await supervisor();
    const haproxy = supervise({
      binary: '/no/haproxy',
      files: [],
      masterSocket: socket(),
      output,
      startTimeoutMs: 1_000,
    });
    expect(await haproxy.start()).toMatchObject({
      kind: 'failed',
      words: expect.stringContaining('/no/haproxy'),
      refuses: false,
    });
  });

  it('keeps the old worker when a reload fails to parse, and says so', async () => {
    const haproxy = await started();
    write('two', '  foo bar\n');
    expect(await reload(haproxy.master, { timeoutMs: 10_000 })).toMatchObject({
      kind: 'failed',
      processes: { master: { reloads: 1, failed: 1 } },
    });
    expect(await read()).toBe('one');
    write('three');
    expect(await reload(haproxy.master, { timeoutMs: 10_000 })).toMatchObject({ kind: 'reloaded' });
    expect(await read()).toBe('three');
    await haproxy.stop(2_000);
  });

  it('keeps the old worker when a reload meets a taken port', async () => {
    const haproxy = await started();
    const taken = await freePort();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(taken, '127.0.0.1', resolve));
    onCleanup(() => void server.close());
    const more = `  bind 127.0.0.1:${taken}\n`;
    write('two', more);
    expect(await reload(haproxy.master, { timeoutMs: 20_000 })).toMatchObject({ kind: 'failed' });
    expect(await read()).toBe('one');
    server.close();
    await haproxy.stop(2_000);
  });

  it.each(['master', 'worker'] as const)('starts HAProxy again when its %s is killed', async (victim) => {
    const haproxy = await started();
    const before = await haproxy.master.processes();
    write('two');
    process.kill(victim === 'master' ? before.master.pid : (before.worker?.pid ?? 0), 'SIGKILL');
    await waitFor(async () => (await read()) === 'two', { what: 'the new HAProxy' });
    await waitFor(() => events.length === 2, { what: 'both events' });
    expect(events.map(({ kind }) => kind)).toEqual(['died', 'restarted']);
    expect(haproxy.deaths).toBe(1);
    expect((await haproxy.master.processes()).master.pid).not.toBe(before.master.pid);
    await haproxy.stop(2_000);
  });

  it('reads no file of a HAProxy that died before whoever looks after the files did', async () => {
    write('one');
    const { haproxy } = await supervisor({
      beforeRestart: () => {
        write('mended');
        return Promise.resolve();
      },
    });
    expect(await haproxy.start()).toMatchObject({ kind: 'started' });
    writeFileSync(join(dir, 'haproxy.cfg'), 'edited by hand\n');
    process.kill(haproxy.running?.pid ?? 0, 'SIGKILL');
    await waitFor(() => events.some(({ kind }) => kind === 'restarted'), { what: 'the restart' });
    expect(events.map(({ kind }) => kind)).toEqual(['died', 'restarted']);
    expect(await read()).toBe('mended');
  });

  it('goes on trying while the files on disk do not start', async () => {
    const haproxy = await started();
    write('two', '  foo bar\n');
    process.kill(haproxy.running?.pid ?? 0, 'SIGKILL');
    await waitFor(() => events.filter(({ kind }) => kind === 'restart-failed').length >= 2, { what: 'two attempts' });
    expect(events.find(({ kind }) => kind === 'restart-failed')).toMatchObject({
      words: expect.stringContaining('foo'),
    });
    write('three');
    await waitFor(async () => (await read()) === 'three', { what: 'the new HAProxy' });
    await haproxy.stop(2_000);
  });

  it('is taken over by the next supervisor without a failed request', async () => {
    const first = await started();
    const load = loadClient({ url: `http://127.0.0.1:${port}/`, connections: 4 });
    const pid = first.running?.pid;
    await first.release();
    const { haproxy } = await supervisor();
    expect(await haproxy.start()).toMatchObject({ kind: 'adopted', processes: { master: { pid } } });
    write('two');
    expect(await reload(haproxy.master, { timeoutMs: 10_000 })).toMatchObject({ kind: 'reloaded' });
    await waitFor(async () => (await read()) === 'two', { what: 'the new release' });
    expect(await load.stop()).toMatchObject({ failed: 0 });
    // An adopted one is looked after like one of its own.
    process.kill(pid ?? 0, 'SIGKILL');
    await waitFor(() => events.some(({ kind }) => kind === 'restarted'), { what: 'the restart' });
    await haproxy.stop(2_000);
  });

  it('lets requests under way end when it stops', async () => {
    const haproxy = await started();
    const slow = createServer((socket) => {
      socket.once('data', () => {
        socket.on('error', () => undefined);
        setTimeout(() => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow'), 500);
      });
    });
    const backend = await freePort();
    await new Promise<void>((resolve) => slow.listen(backend, '127.0.0.1', resolve));
    onCleanup(() => void slow.close());
    writeFileSync(
      join(dir, 'haproxy.cfg'),
      config().replace(/^ {2}http-request.*$/m, `  default_backend b\nbackend b\n  server s 127.0.0.1:${backend}`),
    );
    await reload(haproxy.master, { timeoutMs: 10_000 });
    const arrived = new Promise<void>((resolve) => {
      slow.once('connection', () => {
        resolve();
      });
    });
    const answer = read();
    await arrived;
    const stopped = haproxy.stop(10_000);
    expect(await answer).toBe('slow');
    await stopped;
    await expect(read()).rejects.toThrow();
  });

  it('ends a HAProxy whose connections do not end in time', async () => {
    const haproxy = await started();
    const master = haproxy.running;
    process.kill(master?.pid ?? 0, 'SIGSTOP');
    await haproxy.stop(50);
    expect(master && isAlive(master)).toBe(false);
  });

  it.each([
    ['asked to end', async (haproxy: Supervisor) => haproxy.stop(50)],
    ['ended at once', async (haproxy: Supervisor) => haproxy.endNow()],
  ])('leaves nothing of a HAProxy that is frozen when it is %s', async (_, ask) => {
    const haproxy = await started();
    const family = findFamily(socket());
    expect(family).toHaveLength(2);
    onCleanup(() => {
      for (const each of family.filter(isAlive)) process.kill(each.pid, 'SIGKILL');
    });
    for (const { pid } of family) process.kill(pid, 'SIGSTOP');
    await ask(haproxy);
    await waitFor(() => !family.some(isAlive), { what: 'every process to end' });
  });

  it('ends a HAProxy at once, also one that another supervisor started', async () => {
    const haproxy = await started();
    await haproxy.release();
    const family = findFamily(socket());
    const { haproxy: next } = await supervisor();
    next.endNow();
    expect(family.filter(isAlive)).toEqual([]);
  });

  it('hands on what HAProxy prints, and empties its file when it grows', async () => {
    const path = join(dir, 'small.log');
    const seen: string[] = [];
    const output = await followOutput({ path, onLine: (line) => seen.push(line), maxBytes: 20 });
    const mark = await output.mark();
    writeFileSync(path, 'one\ntwo äöü\nthr', { flag: 'a' });
    await output.drain();
    writeFileSync(path, 'ee\nfour and more\n', { flag: 'a' });
    expect(await output.since(mark)).toBe('one\ntwo äöü\nthree\nfour and more\n');
    await output.drain();
    expect(seen).toEqual(['one', 'two äöü', 'three', 'four and more']);
    expect(readFileSync(path, 'utf8')).toBe('');
    const later = await output.mark();
    writeFileSync(path, 'five\n', { flag: 'a' });
    expect(await output.since(later)).toBe('five\n');
    await output.close();
    expect(seen.at(-1)).toBe('five');
  });

  it('finds a master by its socket only', async () => {
    const haproxy = await started();
    expect(findMaster(socket())?.pid).toBe(haproxy.running?.pid);
    expect(findMaster(`${socket()}x`)).toBeUndefined();
    expect(await masterSocket(socket()).ask('show version')).toMatch(/^\d+\.\d+/);
    await haproxy.stop(2_000);
  });
});
