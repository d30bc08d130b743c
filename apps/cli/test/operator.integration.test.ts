import { createArtifactReader, holdFleet } from '@flotilla/artifact';
import { createNodeWishes } from '@flotilla/runtime';
import { appsKey, createSealer, fleetKeys, fleetName, renderQueue, revision, sourcePosition } from '@flotilla/domain';
import { cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { forgetCommand } from '../src/operator/forget.ts';
import { jobsCommand } from '../src/operator/jobs.ts';
import { releaseCommand } from '../src/operator/release.ts';
import { statusCommand } from '../src/operator/status.ts';
import { versionsCommand } from '../src/operator/versions.ts';
import { wishCommand } from '../src/operator/wish.ts';
import { openFleet } from './fleet.ts';
import { flotilla, onTerminal } from './flotilla.ts';

afterEach(cleanUp);

const lb = fleetName('lb');
const open = async () => {
  const redis = await startRedis();
  const fleet = await openFleet(redis.url, lb);
  const sealer = createSealer(Buffer.from(fleet.env.FLOTILLA_KEY, 'base64'), lb);
  const artifacts = createArtifactReader({ redis: fleet.redis, fleet: lb, sealer });
  return {
    server: redis,
    ...fleet,
    status: (width = Infinity) => statusCommand(fleet.redis, lb, { artifactsOf: () => artifacts, width }),
    artifacts,
  };
};
const text = (lines: readonly string[]): string => lines.join('\n');

describe('status', () => {
  it('of a fleet nobody has written yet says what is missing', async () => {
    const { status } = await open();
    const { code, lines } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toContain('no watcher leads');
    expect(text(lines)).toContain('no node has reported yet');
  });

  it('is yes when all nodes run the newest version, without any key', async () => {
    const { lead, template, publish, heartbeat, env } = await open();
    await lead();
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    await heartbeat('node-1', version);
    await heartbeat('node-2', version);
    const { code, stdout, stderr } = await flotilla(['status'], { REDIS_URL: env.REDIS_URL });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('watch-host/17 leads');
    expect(stdout).toMatch(/artifact +version 1 \([0-9a-f]{12}\) of revision 1/);
    expect(stdout).toMatch(/node-2 +current +1 +1 +1 +2\.6\.12/);
    expect(stdout).toContain('all is well');
  });

  it("shows a parked node's desired, applied and last good version, and HAProxy's words", async () => {
    const { lead, template, publish, heartbeat, status } = await open();
    await lead();
    await template('x');
    const good = await publish({ 'haproxy.cfg': 'global\n' });
    await template('y');
    const bad = await publish({ 'haproxy.cfg': 'defaults\n' });
    await heartbeat('node-1', bad);
    await heartbeat('node-2', good, { desired: bad, parked: { artifact: bad, reason: 'cannot bind\n[0.0.0.0:80]' } });
    const { code, lines, json } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toMatch(/node-2 +parked +2 +1 +1 .*version 2 is parked: cannot bind\n +\[0\.0\.0\.0:80\]/);
    expect(lines.slice(-2)).toEqual(['NOT well:', '  - parked: node-2']);
    expect(json).toMatchObject({ ok: false, nodes: [{ state: 'current' }, { state: 'parked' }] });
  });

  it('tells that the nodes are held, on which version, why, and which one waits', async () => {
    const { lead, template, publish, heartbeat, status, redis, artifacts } = await open();
    await lead();
    await template('x');
    const held = await publish({ 'haproxy.cfg': 'global\n' });
    await heartbeat('node-1', held);
    await holdFleet(redis, lb, 'a look at it first');
    await template('y');
    await publish({ 'haproxy.cfg': 'defaults\n' });
    const { code, lines, json } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toMatch(/artifact +version 1 .*of revision 1/);
    expect(text(lines)).toMatch(/newest +version 2, which waits/);
    expect(text(lines)).toMatch(/node-1 +current +1/);
    expect(lines.slice(-2)).toEqual(['NOT well:', '  - the nodes are held on version 1: a look at it first']);
    expect(json).toMatchObject({ isEverywhere: false, waits: { newest: 2, why: 'a look at it first' } });
    const versions = await versionsCommand(redis, lb, artifacts);
    expect(versions.json).toMatchObject({
      held: 'a look at it first',
      versions: [{ desired: false }, { desired: true }],
    });
    expect(versions.lines.at(-1)).toBe('* desired, and held: a look at it first');
  });

  it('puts a version of an earlier life of the data in brackets', async () => {
    const { lead, template, publish, heartbeat, status } = await open();
    await lead();
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    await heartbeat('node-1', { ...version, epoch: 'another' as typeof version.epoch });
    expect(text((await status()).lines)).toMatch(/node-1 +behind +\(1\) +\(1\)/);
  });

  it('names the job that failed and its reason while the newest inputs are not rendered', async () => {
    const { lead, template, publish, heartbeat, job, status } = await open();
    await lead();
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    await template('{% for');
    await job(() => {
      throw new Error('template "template", line 1: unexpected end');
    });
    const { code, lines } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toMatch(/renders +job 1 FAILED \d+ s ago: template "template", line 1: unexpected end/);
    expect(lines.at(-1)).toContain('revision 2 is not rendered');
  });

  it('says of a version that went out before its check that this is still to come', async () => {
    const { lead, template, publish, heartbeat, status } = await open();
    await lead();
    await template('x');
    await publish({ 'haproxy.cfg': 'global\n' });
    expect(text((await status()).lines)).not.toContain('still to check');
    await template('y');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'defaults\n' }, false));
    const { code, lines } = await status();
    expect(code).toBe(0);
    expect(text(lines)).toMatch(/artifact +version 2 .*, HAProxy is still to check it/);
  });

  it('lists entries that are set aside, with what serves in their place, and does not call that well', async () => {
    const { lead, setAside, publish, heartbeat, status } = await open();
    await lead();
    const until = new Date(Date.now() + 1_800_000).toISOString();
    await setAside('configmaps/lb/services', 'it is not JSON', { serves: 'last-good', until });
    await setAside('configmaps/lb/other', 'no name', { serves: 'nothing' });
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    const { code, lines, json } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toMatch(/services: it is not JSON; its last good value serves, for another \d+ min/);
    expect(text(lines)).toContain('configmaps/lb/other: no name; nothing serves in its place');
    expect(lines.at(-1)).toBe('  - 2 entries set aside');
    expect(json).toMatchObject({
      isEverywhere: true,
      problems: [{ serves: 'nothing' }, { serves: 'last-good', until }],
    });
  });

  it('lists who stands by, and tells the trouble of each program', async () => {
    const { lead, app, template, publish, heartbeat, status } = await open();
    await lead();
    await app('watcher', 'other-host/9/x', { trouble: ['source: etcd cannot be reached'] });
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    const { code, lines } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toMatch(
      /watcher +other-host\/9 stands by.*\n +TROUBLE: source: etcd cannot be reached\n +watch-host\/17 leads/,
    );
    expect(text(lines)).toMatch(/renderer +render-host\/18 renders/);
    expect(lines.at(-1)).toBe('  - watcher other-host/9: source: etcd cannot be reached');
  });

  it('tells what a program cannot do for one fleet of that fleet alone', async () => {
    const { lead, app, template, publish, heartbeat, status } = await open();
    await lead();
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    await app('watcher', 'watch-host/17/0c1d', { fleetTrouble: { edge: 'WRONGTYPE' } });
    expect((await status()).code).toBe(0);
    await app('watcher', 'watch-host/17/0c1d', {
      fleetTrouble: { edge: 'WRONGTYPE', lb: 'being compared with Redis' },
    });
    const { code, lines } = await status();
    expect(code).toBe(1);
    expect(text(lines)).toContain('  TROUBLE: being compared with Redis');
    expect(text(lines)).not.toContain('WRONGTYPE');
    expect(lines.at(-1)).toBe('  - watcher watch-host/17: being compared with Redis');
  });

  it('says since when a node is behind and what it waits for', async () => {
    const { lead, template, publish, heartbeat, status } = await open();
    await lead();
    await template('x');
    const first = await publish({ 'haproxy.cfg': 'global\n' });
    await template('y');
    const second = await publish({ 'haproxy.cfg': 'defaults\n' });
    const since = new Date(Date.now() - 125_000).toISOString();
    await heartbeat('node-1', first, { desired: second, behind: { since, why: 'waits for a reload: haproxy.cfg:1' } });
    await heartbeat('node-2', first);
    const { lines } = await status();
    expect(text(lines)).toMatch(/node-1 +behind .*behind since 2 min ago: waits for a reload: haproxy\.cfg:1/);
    expect(text(lines)).toMatch(/node-2 +behind .*it has not heard of version 2, which is there since \d+ s ago/);
  });

  it('says that the queue is paused', async () => {
    const { lead, template, publish, heartbeat, redis, status } = await open();
    await lead();
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    // As BullMQ notes it.
    const meta = `${renderQueue.prefix}:${renderQueue.name}:meta`;
    await redis.hset(meta, 'paused', 1);
    const { lines } = await status();
    expect(text(lines)).toMatch(/queue +PAUSED, with 0 jobs waiting/);
    await redis.lpush(`${renderQueue.prefix}:${renderQueue.name}:wait`, '1');
    expect(text((await status()).lines)).toMatch(/queue +PAUSED, with 1 job waiting/);
    expect((await status()).lines.at(-1)).toContain('the queue of render jobs is paused');
    await redis.hdel(meta, 'paused');
    expect((await status()).code).toBe(0);
  });

  it('tells in the words of Redis that it takes no writes: full, or a replica', async () => {
    const { lead, template, publish, heartbeat, redis, status } = await open();
    await lead();
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    await redis.config('SET', 'maxmemory', '1mb');
    const full = await status();
    expect(full.lines.at(-1)).toMatch(/Redis takes no writes: OOM /);
    await redis.del(appsKey);
    const { lines } = await status();
    expect(text(lines)).toMatch(/renderer +cannot report/);
    expect(text(lines)).not.toContain('is there');
    await redis.config('SET', 'maxmemory', '0');
    await lead();
    expect((await status()).code).toBe(0);
    const primary = await startRedis();
    await redis.replicaof('127.0.0.1', primary.port);
    expect(text((await status()).lines)).toMatch(/Redis takes no writes: READONLY /);
  });

  it('lets nothing that stands in Redis act on a terminal, and fits a narrow one', async () => {
    const { lead, template, publish, heartbeat, env, redis, keys, app, status } = await open();
    await lead();
    await app('watcher', 'evil\u001b[2J\u202e/1/x', { trouble: ['a\u009b31mb'] });
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    const name = 'a-node-with-a-name-that-is-rather-long.example.com';
    await heartbeat(name, version, { problem: `HAProxy\u001b]0;title\u0007 says ${'many words '.repeat(20)}` });
    await redis.hset(keys.nodes, 'odd\u001b[31m', 'x');
    for (const args of [['status'], ['status', '--json'], ['status', '--all']]) {
      const { stdout, stderr } = await flotilla(args, { REDIS_URL: env.REDIS_URL });
      expect(stdout).toContain('evil\\u001b[2J\\u202e/1');
      expect(`${stdout}${stderr}`).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    }
    const { lines } = await status(80);
    const long = lines.filter((line) => line.length > 80);
    expect(long).toEqual([]);
    expect(text(lines)).toContain(name);
    expect(lines.filter((line) => line.includes('many words')).length).toBeGreaterThan(2);
    const seen = onTerminal(['status'], 80, { REDIS_URL: env.REDIS_URL });
    expect(seen).toContain(name);
    expect(seen).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}]/u);
    expect(seen.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('reads few keys, however large the fleet is', async () => {
    const { lead, template, publish, heartbeat, redis, keys, status } = await open();
    await lead();
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    const pods = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`pod/shop/shop-${at}`, '{}']));
    await redis.hset(keys.inputs, pods);
    for (let at = 0; at < 50; at++) await heartbeat(`node-${at}`, version);
    const calls = async () =>
      [...(await redis.info('commandstats')).matchAll(/:calls=(\d+)/g)].reduce((sum, [, one]) => sum + Number(one), 0);
    await redis.config('RESETSTAT');
    expect((await status()).code).toBe(0);
    expect(await calls()).toBeLessThan(60);
  });
});

describe('status --all', () => {
  it('has a line for each fleet that Redis knows of, and the worst decides', async () => {
    const { lead, template, publish, heartbeat, redis, env, server } = await open();
    await lead();
    await template('x');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    const all = () => flotilla(['status', '--all'], { REDIS_URL: env.REDIS_URL });
    const well = await all();
    expect(well.stdout).toMatch(/lb +well +1 +1 of 1/);
    expect(well.code).toBe(0);
    const edge = await openFleet(server.url, fleetName('edge'));
    await edge.heartbeat('node-9', null);
    await redis.set('flotilla:{not a fleet}:meta', 'x');
    const worse = await all();
    expect(worse.code).toBe(1);
    expect(worse.stdout).toMatch(/edge +NOT well +- +0 of 1 +no watcher wrote inputs of this fleet/);
    expect(worse.stdout).toMatch(/lb +well/);
    expect(worse.stdout).not.toContain('not a fleet');
  });
});

describe('jobs', () => {
  it('tell what changed and what came of it, or why it failed', async () => {
    const { template, publish, job, result, redis } = await open();
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    await job(() => result(version, { problems: ['configmaps/lb/services, key "x": not JSON'] }));
    const changes = [{ object: 'configmaps/lb/config', position: sourcePosition('8') }];
    await job(
      () => {
        throw new Error('HAProxy refuses it:\nhaproxy.cfg:8');
      },
      { revision: revision(41), stage: 'check', code: 'haproxy-refuses', changes, changeCount: 1 },
    );
    const { code, lines, json } = await jobsCommand(redis, { count: 20 });
    expect(code).toBe(0);
    expect(text(lines)).toMatch(/2 +lb +failed +41 .*HAProxy refuses it:\n +haproxy\.cfg:8 \(configmaps\/lb\/config\)/);
    expect(text(lines)).toMatch(
      /1 +lb +completed +1 +1 .*published \(pods\/default\/shop-1\)\n +set aside: configmaps/,
    );
    expect(json).toMatchObject([
      { id: '2', state: 'failed', renderer: 'renderer-1', setback: { revision: 41, stage: 'check', changes } },
      { id: '1', result: { version: 1 } },
    ]);

    const failed = await jobsCommand(redis, { state: 'failed', fleet: lb, count: 20 });
    expect(failed.json).toMatchObject([{ id: '2' }]);
    expect((await jobsCommand(redis, { fleet: fleetName('other'), count: 20 })).lines).toEqual(['no such job']);
  });
});

describe('versions', () => {
  it('are listed newest first, with the nodes that run each', async () => {
    const { template, publish, heartbeat, redis, artifacts } = await open();
    await template('x');
    const first = await publish({ 'haproxy.cfg': 'global\n' });
    await template('y');
    await publish({ 'haproxy.cfg': 'defaults\n', 'files/a.map': 'a b\n' });
    await heartbeat('node-1', first);
    const { lines, json } = await versionsCommand(redis, lb, artifacts);
    expect(lines[1]).toMatch(/^2 \* +[0-9a-f]{12} +2 +\d+ s ago +2 +13 +-$/);
    expect(lines[2]).toMatch(/^1 +[0-9a-f]{12} +1 +\d+ s ago +1 +7 +node-1$/);
    expect(json).toMatchObject({
      versions: [
        { version: 2, desired: true },
        { version: 1, nodes: ['node-1'] },
      ],
    });
  });
});

describe('versions', () => {
  it('leave out one whose manifest is damaged, and say so', async () => {
    const { template, publish, redis, artifacts, keys } = await open();
    await template('x');
    await publish({ 'haproxy.cfg': 'global\n' });
    await redis.hset(keys.manifests, '7', '{"version":7}', '8', 'null');
    const { lines, json } = await versionsCommand(redis, lb, artifacts);
    expect(json).toMatchObject({ versions: [{ version: 1 }], damaged: [{ version: '7' }, { version: '8' }] });
    expect(text(lines)).toContain('version 7 is left out: a stored manifest cannot be read: "epoch": ');
  });
});

describe('forget', () => {
  it('takes a node off the list, and refuses one that is not on it', async () => {
    const { heartbeat, redis } = await open();
    await heartbeat('old', null);
    await expect(forgetCommand(redis, lb, 'odl')).rejects.toThrow('no node "odl"; it has: old');
    expect((await forgetCommand(redis, lb, 'old')).code).toBe(0);
    await expect(forgetCommand(redis, lb, 'old')).rejects.toThrow('it has: none');
    // What is no report at all can be taken away as well; until then status does not say well.
    await redis.hset(fleetKeys(lb).nodes, 'odd', 'null');
    expect((await forgetCommand(redis, lb, 'odd')).code).toBe(0);
    expect(await redis.hgetall(fleetKeys(lb).nodes)).toEqual({});
  });
});

describe('retry and reload', () => {
  const secret = (env: { REDIS_URL: string; FLOTILLA_KEY: string }) => Buffer.from(env.FLOTILLA_KEY, 'base64');

  it('wait until the agent has taken the wish', async () => {
    const { heartbeat, redis, env } = await open();
    await heartbeat('node-1', null, { problem: 'haproxy cannot be started' });
    const wishes = createNodeWishes({ redis, fleet: lb, sealer: createSealer(secret(env), lb) });
    const agent = { node: 'node-1', instance: 'node-1-host/42/1' };
    for (const kind of ['retry', 'reload'] as const) {
      const run = flotilla([kind, 'node-1'], env);
      const found = await waitFor(() => wishes.read(agent), { what: 'the wish' });
      expect(found.wish.kind).toBe(kind);
      await found.pending.drop();
      expect(await run).toMatchObject({ code: 0, stdout: expect.stringContaining('node node-1') as string });
    }
  });

  it('take an older version only where Redis offers one', async () => {
    const { heartbeat, redis, env, publish, write, keys } = await open();
    await write({ 'config/template': 'new' });
    await publish({ 'haproxy.cfg': 'old\n' });
    const newest = await publish({ 'haproxy.cfg': 'new\n' });
    await heartbeat('node-1', newest);
    expect((await flotilla(['retry', 'node-1', '--older'], env)).stderr).toContain('nothing older to take');
    await redis.hset(keys.desired, { version: newest.version - 1, digest: 'another one' });
    const run = flotilla(['retry', 'node-1', '--older'], env);
    const wishes = createNodeWishes({ redis, fleet: lb, sealer: createSealer(secret(env), lb) });
    const found = await waitFor(() => wishes.read({ node: 'node-1', instance: 'node-1-host/42/1' }), {
      what: 'the wish',
    });
    expect(found.wish.kind).toBe('older');
    await found.pending.drop();
    expect(await run).toMatchObject({ code: 0, stdout: expect.stringContaining('takes what Redis offers') as string });
  });

  it('are taken back when the agent does not take them, and say so', async () => {
    const { heartbeat, redis, env, keys } = await open();
    await heartbeat('node-1', null);
    const sealer = createSealer(secret(env), lb);
    const outcome = await wishCommand(redis, { fleet: lb, node: 'node-1', kind: 'reload', sealer, waitMs: 300 });
    expect(outcome.code).toBe(1);
    expect(text(outcome.lines)).toContain('node-1-host/42) did not take it');
    expect(await redis.exists(`${keys.wish}:node-1`)).toBe(0);
  });

  it('are refused for a node that is not there or silent, with nothing to try, and without the key', async () => {
    const { heartbeat, redis, env, keys } = await open();
    await heartbeat('node-1', null);
    const { FLOTILLA_KEY: _, ...withoutKey } = env;
    expect(await flotilla(['retry', 'node-2'], env)).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('no node "node-2"; it has: node-1') as string,
    });
    expect((await flotilla(['retry', 'node-1'], env)).stderr).toContain('nothing to try again');
    expect(await flotilla(['reload', 'node-1'], withoutKey)).toMatchObject({ code: 64 });
    const stored = (await redis.hget(keys.nodes, 'node-1')) ?? '';
    const { seenAt } = JSON.parse(stored) as { seenAt: number };
    await redis.hset(keys.nodes, 'node-1', stored.replace(String(seenAt), String(seenAt - 60_000)));
    expect((await flotilla(['reload', 'node-1'], env)).stderr).toContain('was heard of last 1 min ago');
    // A node cannot report to a Redis that takes no writes: its silence says nothing of its agent.
    await redis.config('SET', 'maxmemory', '1mb');
    expect(await flotilla(['reload', 'node-1'], env)).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('cannot be used: OOM ') as string,
    });
  });
});

describe('release', () => {
  it('tells the watcher what is released, and refuses when nothing is held back', async () => {
    const { redis } = await open();
    await expect(releaseCommand(redis, lb)).rejects.toThrow('nothing of fleet lb is held back');
    const since = '2026-01-02T03:04:05.000Z';
    await redis.hset(fleetKeys(lb).inputs, {
      hold: JSON.stringify({ since, missing: ['pods'], reason: 'why' }),
      'missing/certificate/site': JSON.stringify({ since, isNamed: false }),
    });
    const { code, lines, json } = await releaseCommand(redis, lb);
    expect(code).toBe(0);
    expect(text(lines)).toContain(`released fleet lb, held since ${since}\nlet go: certificate site`);
    expect(json).toMatchObject({ fleet: 'lb', hold: { missing: ['pods'] }, deleted: ['certificate site'] });
    expect(await redis.hgetall(fleetKeys(lb).release)).toEqual({ hold: since, 'missing/certificate/site': since });
  });
});

describe('a Redis that cannot be used', () => {
  it('is named with exit code 69, its password left out', async () => {
    const { server } = await open();
    const url = server.url.replace('redis://', 'redis://someone:hunter2@');
    const refused = await flotilla(['status'], { REDIS_URL: url });
    expect(refused.code).toBe(69);
    expect(refused.stderr).toContain(`Redis at ${server.url} cannot be used: WRONGPASS`);
    expect(refused.stderr).not.toContain('hunter2');
    await server.stop();
    const gone = await flotilla(['jobs', '--json'], { REDIS_URL: server.url });
    expect(gone.code).toBe(69);
    expect(gone.stderr).toContain('ECONNREFUSED');
    expect(JSON.parse(gone.stdout)).toMatchObject({ error: { code: 'redis-unavailable' } });
  });

  it('is named when it says no to a command, whatever its words', async () => {
    const { server, redis, keys } = await open();
    await redis.set(keys.nodes, 'no hash');
    const { code, stderr } = await flotilla(['status'], { REDIS_URL: server.url });
    expect(code).toBe(69);
    expect(stderr).toContain('WRONGTYPE');
  });

  it('does not hold a command for ever when it is frozen', async () => {
    const { server } = await open();
    await server.kill('SIGSTOP');
    const { code, stderr } = await flotilla(['versions'], { REDIS_URL: server.url });
    await server.kill('SIGCONT');
    expect(code).toBe(69);
    expect(stderr).toContain('cannot be used');
  });
});
