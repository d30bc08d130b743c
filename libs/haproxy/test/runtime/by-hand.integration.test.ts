import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { certificate, cleanUp, freePort } from '@flotilla/testkit';
import { applyPlan } from '../../src/runtime/apply-plan.ts';
import { findDrift, mendingPlan } from '../../src/runtime/find-drift.ts';
import { readBack } from '../../src/runtime/read-back.ts';
import { readProcessInfo } from '../../src/runtime/process-info.ts';
import { runtimeSocket } from '../../src/runtime/socket.ts';
import { masterSocket } from '../../src/process/master-socket.ts';
import { fingerprintOf } from '../../src/plan/certificate-identity.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { servedFingerprint } from '../live/served.ts';

afterEach(cleanUp);

const pems: Record<'a' | 'b', [string, string]> = { a: ['', ''], b: ['', ''] };
beforeAll(async () => {
  for (const name of ['a', 'b'] as const)
    for (const at of [0, 1]) {
      const { key, cert } = await certificate({ cn: `${name}.test` });
      pems[name][at] = key + cert;
    }
});

let port = 0;
const config = (dir: string, servers: string[] = []) => `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend in
  bind 127.0.0.1:${port} ssl crt ${dir}/ssl/
  default_backend web
backend web
  server first 127.0.0.1:1001 weight 10
${servers.map((line) => `  ${line}\n`).join('')}`;
const files = (a = 0, b = 0) => ({ 'ssl/a.pem': pems.a[a] ?? '', 'ssl/b.pem': pems.b[b] ?? '' });

async function start(): Promise<LiveHaproxy> {
  port = await freePort();
  return liveHaproxy((dir) => ({ config: config(dir), files: files() }));
}
const next = (live: LiveHaproxy, servers: string[], a = 0, b = 0) =>
  live.release(config(live.haproxy.dir, servers), files(a, b));

describe('what somebody did by hand on the socket', () => {
  it('fails a plan with HAProxy words when the server is there already, and changes nothing after it', async () => {
    const live = await start();
    await live.socket.ask('add server web/second 127.0.0.1:9');
    const wanted = next(live, ['server second 127.0.0.1:1002']);
    const result = await applyPlan(live.socket, live.plan(wanted), { wanted, removals: live.removals });
    expect(result).toMatchObject({
      kind: 'failed',
      reply: 'Already exists a server with the same name in backend.',
      operation: { kind: 'add-server', server: 'second' },
    });
  });

  it('is found as drift and mended', async () => {
    const live = await start();
    await live.follow(next(live, ['server second 127.0.0.1:1002']));
    for (const command of [
      'set server web/first weight 99',
      'set server web/first addr 127.0.0.9 port 7',
      'set server web/second state maint',
      'add server web/stray 127.0.0.1:9',
    ])
      await live.socket.ask(command);
    const { dir } = live.haproxy;
    await live.socket.ask(`set ssl cert ${dir}/ssl/b.pem`, pems.b[1].trim());
    await live.socket.ask(`commit ssl cert ${dir}/ssl/b.pem`);

    const drift = await findDrift(live.socket, live.running(), { removals: live.removals });
    expect(drift.map(({ what, wanted, found }) => `${what}: ${wanted} / ${found}`)).toEqual([
      'server web/first: 127.0.0.1 port 1001 / 127.0.0.9 port 7',
      'server web/first: weight 10 / weight 99',
      'server web/second: ready / maint',
      'server web/stray: absent / maint',
      `certificate ${dir}/ssl/b.pem: ${fingerprintOf(pems.b[0])} / ${fingerprintOf(pems.b[1])}`,
    ]);
    const plan = mendingPlan(drift);
    expect(plan.kind).toBe('runtime');
    await applyPlan(live.socket, plan, { wanted: live.running(), removals: live.removals });
    expect(await readBack(live.socket, plan, live.running())).toEqual({ kind: 'proven' });
    expect(await findDrift(live.socket, live.running(), { removals: live.removals })).toEqual([]);
  });

  it('is seen in certificates of every kind of key', async () => {
    // The day of the month has one digit: HAProxy and Node have to print it alike.
    const notBefore = new Date('2026-02-03T04:05:06Z');
    const issues = await Promise.all([1, 2].map(() => certificate({ cn: 'a.test', kind: 'ed25519', notBefore })));
    const [mine, other] = issues.map(({ key, cert }) => key + cert) as [string, string];
    port = await freePort();
    const live = await liveHaproxy((dir) => ({
      config: config(dir),
      files: { 'ssl/a.pem': mine, 'ssl/b.pem': pems.b[0] },
    }));
    const look = () => findDrift(live.socket, live.running(), { removals: live.removals });
    expect(await look()).toEqual([]);
    const { dir } = live.haproxy;
    for (const [name, pem] of [
      ['a', other],
      ['b', pems.b[1]],
    ] as const) {
      await live.socket.ask(`set ssl cert ${dir}/ssl/${name}.pem`, pem.trim());
      await live.socket.ask(`commit ssl cert ${dir}/ssl/${name}.pem`);
    }
    const drift = await look();
    expect(drift.map(({ what }) => what)).toEqual([`certificate ${dir}/ssl/a.pem`, `certificate ${dir}/ssl/b.pem`]);
    const plan = mendingPlan(drift);
    await applyPlan(live.socket, plan, { wanted: live.running(), removals: live.removals });
    expect(await readBack(live.socket, plan, live.running())).toEqual({ kind: 'proven' });
    expect(await servedFingerprint(port, 'a.test')).toBe(fingerprintOf(mine));
  });

  it('means a reload when a server of the file is gone', async () => {
    const live = await start();
    await live.socket.ask('set server web/first state maint');
    await live.socket.ask('del server web/first');
    const plan = mendingPlan(await findDrift(live.socket, live.running(), { removals: live.removals }));
    expect(plan).toMatchObject({ kind: 'reload', reason: { why: expect.stringContaining('server web/first') } });
    await live.reload();
    expect(await findDrift(live.socket, live.running(), { removals: live.removals })).toEqual([]);
  });

  it('does not mix certificates when a transaction of another one was left open', async () => {
    const live = await start();
    const a = join(live.haproxy.dir, 'ssl/a.pem');
    await live.socket.ask(`set ssl cert ${a}`, pems.a[1].trim());
    const { plan } = await live.follow(next(live, [], 0, 1));
    expect(plan.kind).toBe('runtime');
    expect(await servedFingerprint(port, 'a.test')).toBe(fingerprintOf(pems.a[0]));
    expect(await servedFingerprint(port, 'b.test')).toBe(fingerprintOf(pems.b[1]));
  });

  it('is seen in the proof of a plan', async () => {
    const live = await start();
    const wanted = next(live, ['server second 127.0.0.1:1002 weight 4'], 0, 1);
    const plan = live.plan(wanted);
    await applyPlan(live.socket, plan, { wanted, removals: live.removals });
    await live.socket.ask('set server web/second weight 5');
    expect(await readBack(live.socket, plan, wanted)).toEqual({
      kind: 'different',
      differences: [{ what: 'server web/second', wanted: 'weight 4', found: 'weight 5' }],
    });
  });
});

describe('the master socket', () => {
  it('carries a whole plan to one worker', async () => {
    const live = await start();
    const { worker } = await masterSocket(live.haproxy.masterSocket).processes();
    const socket = runtimeSocket({ path: live.haproxy.masterSocket }, { worker: worker?.pid ?? 0 });
    expect(await readProcessInfo(socket)).toMatchObject({ pid: worker?.pid, version: expect.stringMatching(/^2\./) });
    const wanted = next(live, ['server second 127.0.0.1:1002', 'server third 127.0.0.1:1003 disabled'], 1, 0);
    const plan = live.plan(wanted);
    expect(await applyPlan(socket, plan, { wanted, removals: live.removals })).toMatchObject({ kind: 'applied' });
    expect(await readBack(socket, plan, wanted)).toEqual({ kind: 'proven' });
    expect(await findDrift(socket, wanted, { removals: live.removals })).toEqual([]);
  });

  it('says that a worker is gone instead of talking to another one', async () => {
    const live = await start();
    const socket = runtimeSocket({ path: live.haproxy.masterSocket }, { worker: 1 });
    await expect(socket.ask('show info')).rejects.toMatchObject({ code: 'worker-gone' });
    await expect(socket.askAll(['show info'])).rejects.toMatchObject({ code: 'worker-gone' });
  });
});
