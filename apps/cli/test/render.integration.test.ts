import { execFile } from 'node:child_process';
import { cpSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, pod, repositoryRoot } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { config, flotilla, folderOf, minimal, services } from './flotilla.ts';

afterEach(cleanUp);

const shop = { namespace: 'default', selector: { app: 'shop' } };
const servers =
  'backend shop{% for s in services %}{% for p in s.pods.values() %}\n  server {{ p.metadata.name }} {{ p.status.podIP }}:80{% endfor %}{% endfor %}\n';

describe('flotilla render', () => {
  it.each(['examples/http', 'examples/https'])('%s is valid for HAProxy', async (manifests) => {
    const { code, stdout, stderr } = await flotilla(['render', '--manifests', manifests]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: 'HAProxy: valid\n' });
    expect(stdout).toContain('\nbackend shop\n');
    expect(stdout.endsWith('\n')).toBe(true);
  });

  it('reads JSON, several documents in one file, and lists', async () => {
    const list = {
      kind: 'List',
      apiVersion: 'v1',
      items: [pod({ name: 'b', ip: '10.0.0.2', labels: { app: 'shop' } })],
    };
    const manifests = folderOf({
      'one.json': config({ template: minimal(servers) }),
      'two.yaml': `${services({ shop })}\n---\n${JSON.stringify(pod({ name: 'a', ip: '10.0.0.1', labels: { app: 'shop' } }))}\n`,
      'three.yml': JSON.stringify(list),
    });
    const { code, stdout } = await flotilla(['render', '--manifests', manifests]);
    expect(code).toBe(0);
    expect(stdout).toContain('backend shop\n  server a 10.0.0.1:80\n  server b 10.0.0.2:80\n');
  });

  it('names file and line of a template that fails, and what was set aside', async () => {
    const manifests = folderOf({
      'a.json': config({ template: 'global\n{% for %}\n' }),
      'b.json': services({ shop, bad: { namespace: 'default' } }),
    });
    const { code, stdout, stderr } = await flotilla(['render', '--manifests', manifests]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('template "template", line 2');
    expect(stderr).toContain('set aside: configmaps/lb/services, key "bad"');
  });

  it('says what is missing when the manifests hold no template', async () => {
    const { code, stderr } = await flotilla(['render', '--manifests', folderOf({ 'a.json': services({ shop }) })]);
    expect(code).toBe(1);
    expect(stderr).toContain('template');
    expect(stderr).toContain('configmaps/lb/config');
  });

  it("gives HAProxy's own words when it refuses the result", async () => {
    const manifests = folderOf({
      'a.json': config({ template: minimal('  balance {{ services[0].balance }}') }),
      'b.json': services({ shop: { ...shop, balance: 'by-mood' } }),
    });
    const { code, stdout, stderr } = await flotilla(['render', '--manifests', manifests]);
    expect(code).toBe(1);
    expect(stdout).toContain('balance by-mood');
    expect(stderr).toContain('HAProxy refuses it: parsing [haproxy.cfg:8] : balance only supports');
  });

  it('renders where there is no HAProxy, and says that nothing checked it', async () => {
    const env = { FLOTILLA_HAPROXY: '/nowhere/haproxy' };
    const missing = await flotilla(['render', '--manifests', 'examples/http'], env);
    expect(missing.code).toBe(0);
    expect(missing.stderr).toContain('not checked by HAProxy: cannot run /nowhere/haproxy');
    const unwanted = await flotilla(['render', '--manifests', 'examples/http', '--no-check']);
    expect(unwanted.stderr).toBe('not checked by HAProxy: not asked to\n');
  });

  it('writes a bundle that only its owner can read, and leaves nothing of the one before', async () => {
    const out = join(folderOf({}), 'bundle');
    await flotilla(['render', '--manifests', 'examples/https', '--out', out]);
    expect(readdirSync(join(out, 'ssl'))).toContain('shop.example.com.pem');
    expect(statSync(join(out, 'ssl/shop.example.com.pem')).mode & 0o777).toBe(0o600);
    expect(statSync(out).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(out, 'haproxy.cfg'), 'utf8')).toContain(`crt-list ${out}/crt-list`);

    const { code } = await flotilla(['render', '--manifests', 'examples/http', '--out', out]);
    expect(code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(['crt-list', 'haproxy.cfg']);
  });

  it('does not touch a folder that holds other things', async () => {
    const out = folderOf({ 'haproxy.cfg': 'mine\n', 'notes.txt': 'mine\n' });
    const { code, stderr } = await flotilla(['render', '--manifests', 'examples/http', '--out', out]);
    expect(code).toBe(66);
    expect(stderr).toContain('notes.txt');
    expect(readFileSync(join(out, 'haproxy.cfg'), 'utf8')).toBe('mine\n');
  });

  it('shows the template those variables that FLOTILLA_TEMPLATE_ENV names, and no others', async () => {
    const manifests = folderOf({
      'a.json': config({ template: `# {{ env.STAGE }}|{{ env.PATH }}|\n${minimal()}` }),
      'b.json': services({}),
    });
    const env = { FLOTILLA_TEMPLATE_ENV: 'STAGE', STAGE: 'test' };
    expect((await flotilla(['render', '--manifests', manifests], env)).stdout).toContain('# test||\n');
    const strict = await flotilla(['render', '--strict', '--manifests', manifests], env);
    expect(strict.code).toBe(1);
    expect(strict.stderr).toContain('PATH');
  });

  it('answers in JSON, failures included', async () => {
    const good = await flotilla(['render', '--json', '--manifests', 'examples/http']);
    expect(JSON.parse(good.stdout)).toMatchObject({ problems: [], check: { kind: 'valid' }, out: null });
    const bad = await flotilla(['render', '--json', '--manifests', folderOf({ 'a.json': config({ template: '{%' }) })]);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.stdout)).toMatchObject({ error: { code: 'template' } });
    const none = await flotilla(['render', '--json', '--manifests', '/nowhere']);
    expect(none.code).toBe(66);
    expect(JSON.parse(none.stdout)).toMatchObject({ error: { code: 'manifest' } });
  });
});

describe('flotilla', () => {
  it('teaches with examples, and lists its exit codes', async () => {
    const { code, stdout } = await flotilla(['--help']);
    expect(code).toBe(0);
    for (const word of ['status', 'jobs', 'versions', 'plan', 'render', 'test'])
      expect(stdout).toContain(`  flotilla ${word}`);
    expect(stdout).toContain('Exit codes:');
    expect((await flotilla(['test', '--help'])).stdout).toContain('expect:');
  });

  it('refuses wrong arguments with 64', async () => {
    for (const args of [['nonsense'], ['render'], ['jobs', '--count', '0'], ['status', '--fleet', 'No_Namespace']])
      expect((await flotilla(args)).code, args.join(' ')).toBe(64);
    expect((await flotilla(['status'], { FLOTILLA_FLEET: 'No_Namespace' })).code).toBe(64);
  });

  it('says what to do when it is not built', async () => {
    const folder = folderOf({ 'bin/x': '' });
    cpSync(join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs'), join(folder, 'bin/flotilla.mjs'));
    const ended = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [join(folder, 'bin/flotilla.mjs')], (error, _, stderr) => {
        resolve({ code: error?.code, stderr });
      });
    });
    expect(ended).toEqual({ code: 70, stderr: expect.stringContaining('npm run build') as string });
  });
});
