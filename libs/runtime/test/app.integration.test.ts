import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type Child, cleanUp, freePort, startChild, temporaryFolder, waitFor } from '@flotilla/testkit';
import { build } from 'esbuild';
import { mostConnections } from '../src/few-connections.ts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

let main = '';
beforeAll(async () => {
  main = join(temporaryFolder('runtime').path, 'main.cjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'fixture-app.ts')],
    outfile: main,
    bundle: true,
    platform: 'node',
    target: 'node20',
    conditions: ['@flotilla/source'],
    loader: { '.lua': 'text' },
    define: { FLOTILLA_VERSION: '"1.2.3"' },
    logLevel: 'error',
  });
});
const running: Child[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((child) => child.kill('SIGKILL')));
});
afterAll(cleanUp);

async function start(env: Record<string, string> = {}, args: string[] = []): Promise<Child> {
  const child = await startChild(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], FLOTILLA_HTTP: '127.0.0.1:0', ...env },
  });
  running.push(child);
  return child;
}

const entries = ({ lines }: Child) =>
  lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Record<string, unknown>);
const messages = (child: Child) => entries(child).map(({ msg }) => msg);
const logged = (child: Child, msg: string) =>
  waitFor(() => entries(child).find((entry) => entry['msg'] === msg), { what: `the line "${msg}"` });

describe('an app', () => {
  it('starts, tells its address, drains on SIGTERM in reverse order and ends with 0', async () => {
    const child = await start();
    const { http } = await logged(child, 'started');
    expect((await fetch(`${String(http)}/healthz`)).status).toBe(200);
    expect(await (await fetch(`${String(http)}/readyz`)).json()).toMatchObject({ ready: true });
    expect(await (await fetch(`${String(http)}/metrics`)).text()).toContain('flotilla_launches_total 1');
    expect((await fetch(`${String(http)}/other`)).status).toBe(404);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
    expect(messages(child).slice(-4)).toEqual(['ending', 'closed the second', 'closed the first', 'ended']);
  });

  it('keeps its file descriptors when hundreds of connections wait, and answers those who ask', async () => {
    const child = await start();
    const { http } = await logged(child, 'started');
    const { hostname, port } = new URL(String(http));
    const descriptors = () => readdirSync(`/proc/${child.pid}/fd`).length;
    const before = descriptors();
    const probe = async () => (await fetch(`${String(http)}/healthz`)).status;
    expect(await probe()).toBe(200);
    const sockets = Array.from({ length: 400 }, (_, at) => {
      const socket = connect(Number(port), hostname);
      // Some begin a request and never end it.
      if (at % 2 === 0) socket.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
      return socket.on('error', () => undefined);
    });
    const closed = () => sockets.filter((socket) => socket.closed).length;
    await waitFor(() => closed() >= 400 - mostConnections, { what: 'the oldest to be ended' });
    expect(descriptors()).toBeLessThanOrEqual(before + mostConnections + 1);
    expect(await probe()).toBe(200);
    for (const socket of sockets) socket.destroy();
  });

  it('is not ready for the reasons its checks give, and says it is alive', async () => {
    const child = await start({ MODE: 'unready' });
    const { http } = await logged(child, 'started');
    const ready = await fetch(`${String(http)}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({
      ready: false,
      checks: ['good', 'bad', 'worse'],
      problems: { bad: 'the store is away', worse: 'the check is broken' },
    });
  });

  it('is alive but not ready while it is starting, and can be ended then', async () => {
    for (const MODE of ['hang', 'abort']) {
      const child = await start({ MODE });
      const { http } = await logged(child, 'starting');
      expect((await fetch(`${String(http)}/healthz`)).status).toBe(200);
      expect((await fetch(`${String(http)}/readyz`)).status).toBe(503);
      expect(await child.stop()).toEqual({ code: 0, signal: null });
      expect(messages(child)).toContain('closed the first');
    }
  });

  it.each([
    ['throw', 'cannot launch'],
    ['reject', 'nobody caught me'],
    ['fail', 'gave up'],
  ])('that cannot go on (%s) says why, closes what it opened and ends with 70', async (MODE, reason) => {
    const child = await start({ MODE });
    expect(await child.exited).toEqual({ code: 70, signal: null });
    expect(entries(child)).toContainEqual(expect.objectContaining({ level: 'fatal', reason, msg: 'cannot go on' }));
    expect(messages(child)).toContain('closed the first');
  });

  it('ends at once on a second signal', async () => {
    const child = await start({ MODE: 'slow-end' });
    await logged(child, 'started');
    await child.kill('SIGINT');
    await logged(child, 'ending');
    // One that comes right behind it is the same request, passed on twice: it is asked until it is a second one.
    let asked = 0;
    const asking = setInterval(() => {
      asked++;
      void child.kill('SIGTERM');
    }, 100);
    expect(await child.exited).toEqual({ code: 143, signal: null });
    clearInterval(asking);
    expect(asked).toBeGreaterThan(1);
  });

  it('ends in order when one request comes twice, and opens no inspector', async () => {
    const child = await start({});
    await logged(child, 'started');
    await child.kill('SIGUSR1');
    await child.kill('SIGTERM');
    await child.kill('SIGINT');
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(messages(child)).toContain('closed the first');
    expect(child.lines.join('\n')).not.toContain('Debugger listening');
  });

  it('names the setting when its address is taken', async () => {
    const FLOTILLA_HTTP = `127.0.0.1:${await freePort()}`;
    await logged(await start({ FLOTILLA_HTTP }), 'started');
    const second = await start({ FLOTILLA_HTTP });
    expect(await second.exited).toMatchObject({ code: 70 });
    expect(second.lines.join('\n')).toMatch(/FLOTILLA_HTTP 127\.0\.0\.1:\d+ cannot be used: .*EADDRINUSE/);
  });

  it('refuses bad settings and unknown arguments with 64, before it opens anything', async () => {
    const bad = await start({ FLOTILLA_HTTP: 'nowhere', FLOTILLA_LOG_LEVEL: 'loud' });
    expect(await bad.exited).toMatchObject({ code: 64 });
    expect(bad.lines.join('\n')).toMatch(
      /FLOTILLA_HTTP "nowhere"[^]*FLOTILLA_LOG_LEVEL "loud" is refused: expected one of/,
    );
    const argument = await start({}, ['--verbose']);
    expect(await argument.exited).toMatchObject({ code: 64 });
  });

  it('warns of a misspelt setting, and not of another app’s', async () => {
    const child = await start({ FLOTILLA_LOG_LEVELS: 'info', FLOTILLA_NODE: 'a', FLOTILLA_DATA_DIR: '/x' });
    await logged(child, 'started');
    expect(messages(child).filter((msg) => String(msg).includes('is not a setting'))).toEqual([
      'FLOTILLA_LOG_LEVELS is not a setting of this program; did you mean FLOTILLA_LOG_LEVEL?',
    ]);
  });

  it('prints its help and its version', async () => {
    const help = await start({}, ['--help']);
    expect(await help.exited).toMatchObject({ code: 0 });
    expect(help.lines.join('\n')).toContain('FLOTILLA_HTTP');
    const version = await start({}, ['--version']);
    await version.exited;
    expect(version.lines).toEqual(['1.2.3']);
  });

  it('logs what Node and libraries say as JSON, each text once', async () => {
    const child = await start({ MODE: 'warn' });
    await waitFor(() => entries(child).some(({ msg }) => msg === 'started'), { what: 'the start' });
    await waitFor(() => entries(child).some(({ reason }) => reason === 'a possible leak'), { what: 'the warning' });
    await child.stop();
    const said = entries(child).filter(({ msg }) => msg === 'a library or Node says');
    expect(said.map(({ reason }) => reason)).toEqual(['IMPORTANT! Eviction policy is allkeys-lru', 'a possible leak']);
    expect(child.lines.filter((line) => !line.startsWith('{'))).toEqual([]);
  });
});
