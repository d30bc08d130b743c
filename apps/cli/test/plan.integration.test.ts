import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fleetName } from '@flotilla/domain';
import { cleanUp, startRedis } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openFleet } from './fleet.ts';
import { flotilla, folderOf, minimal } from './flotilla.ts';

afterEach(cleanUp);

const backend = (...names: string[]): string =>
  minimal(`backend shop\n${names.map((name, at) => `  server ${name} 10.0.0.${at + 1}:80\n`).join('')}`);
const plan = (from: string, to: string, ...more: string[]) => flotilla(['plan', '--from', from, '--to', to, ...more]);

describe('flotilla plan', () => {
  it('lists the runtime commands between two configurations', async () => {
    const folder = folderOf({ 'a.cfg': backend('one'), 'b.cfg': backend('one', 'two') });
    const { code, stdout } = await plan(join(folder, 'a.cfg'), join(folder, 'b.cfg'));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^2 runtime commands, no reload\n {2}add server shop\/two 10\.0\.0\.2:80\b.*\n {2}set server shop\/two state ready\n$/,
    );
    expect((await plan(join(folder, 'a.cfg'), join(folder, 'a.cfg'))).stdout).toContain('nothing to do');
  });

  it('names the line that forces a reload, and refuses it where that was asked', async () => {
    const folder = folderOf({ 'a.cfg': backend('one'), 'b.cfg': `${backend('one')}  balance source\n` });
    const [from, to] = [join(folder, 'a.cfg'), join(folder, 'b.cfg')];
    const { code, stdout } = await plan(from, to);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^reload: .*\n {2}haproxy\.cfg:\d+: balance source\n/);
    expect((await plan(from, to, '--refuse-reload')).code).toBe(1);
    const { stdout: json } = await plan(from, to, '--json', '--haproxy-version', '2.4');
    expect(JSON.parse(json)).toMatchObject({ kind: 'reload', reason: { file: 'haproxy.cfg' }, haproxyVersion: '2.4' });
  });

  it('compares what render wrote to two folders as if it lay in one', async () => {
    const folder = folderOf({});
    const [one, two] = [join(folder, 'one'), join(folder, 'two')];
    for (const out of [one, two]) await flotilla(['render', '--manifests', 'examples/https', '--out', out]);
    expect((await plan(one, two)).stdout).toContain('nothing to do');
  });

  it("compares an agent's releases, whose paths point to the folder of the current one", async () => {
    const release = (name: string): string => {
      const root = folderOf({});
      const folder = join(root, 'releases', name);
      mkdirSync(join(folder, 'files'), { recursive: true });
      writeFileSync(join(folder, 'haproxy.cfg'), `${backend('one')}  acl a hdr(host) -f ${root}/current/files/a.lst\n`);
      writeFileSync(join(folder, 'files/a.lst'), 'x\n');
      writeFileSync(join(folder, 'flotilla.cfg'), `# ${name}\n`);
      return folder;
    };
    expect((await plan(release('1-a'), release('2-b'))).stdout).toContain('nothing to do');
  });

  it('reads versions from Redis, and says what keeps it from that', async () => {
    const fleet = await openFleet((await startRedis()).url, fleetName('lb'));
    await fleet.template('x');
    await fleet.publish({ 'haproxy.cfg': backend('one') });
    await fleet.template('y');
    await fleet.publish({ 'haproxy.cfg': backend('one', 'two') });
    const between = (env: Record<string, string>, to = '2') => flotilla(['plan', '--from', '1', '--to', to], env);

    const { code, stdout } = await between(fleet.env);
    expect(code).toBe(0);
    expect(stdout).toContain('2 runtime commands, no reload');

    const missing = await between(fleet.env, '9');
    expect(missing.code).toBe(66);
    expect(missing.stderr).toContain('version 9 of fleet lb is not kept');
    const keyless = await between({ REDIS_URL: fleet.env.REDIS_URL });
    expect(keyless.code).toBe(64);
    expect(keyless.stderr).toContain('FLOTILLA_KEY or FLOTILLA_KEY_FILE is not set');
    const other = await between({ ...fleet.env, FLOTILLA_KEY: randomBytes(32).toString('base64') });
    expect(other.code).toBe(77);
    expect(other.stderr).toContain('sealed with another FLOTILLA_KEY');
  });

  it('says which file is not there', async () => {
    const { code, stderr } = await plan('/nowhere/haproxy.cfg', 'examples');
    expect(code).toBe(66);
    expect(stderr).toContain('/nowhere/haproxy.cfg cannot be read');
  });
});
