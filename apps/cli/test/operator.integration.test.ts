import { createArtifactReader } from '@flotilla/artifact';
import { createSealer, fleetKeys, fleetName } from '@flotilla/domain';
import { cleanUp, startRedis } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { forgetCommand } from '../src/operator/forget.ts';
import { jobsCommand } from '../src/operator/jobs.ts';
import { releaseCommand } from '../src/operator/release.ts';
import { statusCommand } from '../src/operator/status.ts';
import { versionsCommand } from '../src/operator/versions.ts';
import { openFleet } from './fleet.ts';
import { flotilla } from './flotilla.ts';

afterEach(cleanUp);

const lb = fleetName('lb');
const open = async () => {
  const redis = await startRedis();
  const fleet = await openFleet(redis.url, lb);
  const sealer = createSealer(Buffer.from(fleet.env.FLOTILLA_KEY, 'base64'), lb);
  const artifacts = createArtifactReader({ redis: fleet.redis, fleet: lb, sealer });
  return { server: redis, ...fleet, status: () => statusCommand(fleet.redis, lb, artifacts), artifacts };
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
    expect(stdout).toContain('all nodes run the newest version');
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
    expect(lines.at(-1)).toBe('NOT there yet: parked: node-2');
    expect(json).toMatchObject({ ok: false, nodes: [{ state: 'current' }, { state: 'parked' }] });
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

  it('lists entries that are set aside, and says yes all the same', async () => {
    const { lead, setAside, publish, heartbeat, status } = await open();
    await lead();
    await setAside('configmaps/lb/services', 'it is not JSON');
    await heartbeat('node-1', await publish({ 'haproxy.cfg': 'global\n' }));
    const { code, lines } = await status();
    expect(code).toBe(0);
    expect(text(lines)).toContain('configmaps/lb/services: it is not JSON');
  });
});

describe('jobs', () => {
  it('tell what changed and what came of it, or why it failed', async () => {
    const { template, publish, job, result, redis } = await open();
    await template('x');
    const version = await publish({ 'haproxy.cfg': 'global\n' });
    await job(() => result(version, { problems: ['configmaps/lb/services, key "x": not JSON'] }));
    await job(() => {
      throw new Error('HAProxy refuses it:\nhaproxy.cfg:8');
    });
    const { code, lines, json } = await jobsCommand(redis, { count: 20 });
    expect(code).toBe(0);
    expect(text(lines)).toMatch(/2 +lb +failed .*HAProxy refuses it:\n +haproxy\.cfg:8/);
    expect(text(lines)).toMatch(
      /1 +lb +completed +1 +1 .*published \(pods\/default\/shop-1\)\n +set aside: configmaps/,
    );
    expect(json).toMatchObject([
      { id: '2', state: 'failed' },
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

describe('forget', () => {
  it('takes a node off the list, and refuses one that is not on it', async () => {
    const { heartbeat, redis } = await open();
    await heartbeat('old', null);
    await expect(forgetCommand(redis, lb, 'odl')).rejects.toThrow('no node "odl"; it has: old');
    expect((await forgetCommand(redis, lb, 'old')).code).toBe(0);
    await expect(forgetCommand(redis, lb, 'old')).rejects.toThrow('it has: none');
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

  it('does not hold a command for ever when it is frozen', async () => {
    const { server } = await open();
    await server.kill('SIGSTOP');
    const { code, stderr } = await flotilla(['versions'], { REDIS_URL: server.url });
    await server.kill('SIGCONT');
    expect(code).toBe(69);
    expect(stderr).toContain('cannot be used');
  });
});
