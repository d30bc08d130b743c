import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, repositoryRoot } from '@flotilla/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { config, flotilla, folderOf, minimal, services } from './flotilla.ts';

afterEach(cleanUp);

const tests = (...cases: object[]): string => JSON.stringify({ tests: cases });
const manifests = {
  'config.json': config({
    template: minimal('{% for s in services %}backend {{ s.name }}\n  balance {{ s.balance }}\n{% endfor %}'),
    'hosts.map': '{% for s in services %}{{ s.name }}.example.com {{ s.name }}\n{% endfor %}',
  }),
  'services.json': services({ shop: { namespace: 'default', selector: { app: 'shop' }, balance: 'leastconn' } }),
};
const run = (files: Record<string, string>, ...more: string[]) =>
  flotilla(['test', '--manifests', folderOf({ ...manifests, ...files }), ...more]);

describe('flotilla test', () => {
  it.each(['examples/http', 'examples/https'])('runs the tests of %s', async (manifests) => {
    const { code, stdout } = await flotilla(['test', '--manifests', manifests]);
    expect(stdout).toMatch(/^(ok {5}routes\.test\.yaml: .*\n)+[1-9]\d* passed, 0 failed\n$/);
    expect(code).toBe(0);
  });

  it('runs the tests that docs/templates.md shows', async () => {
    const page = readFileSync(join(repositoryRoot(), 'docs/templates.md'), 'utf8');
    const [, shown = ''] = /```yaml\n(tests:\n[^`]*)```/.exec(page) ?? [];
    const folder = folderOf({ 'shown.test.yaml': shown });
    const { code, stdout } = await flotilla(['test', '--manifests', 'examples/http', '--tests', folder]);
    expect(stdout).toContain('3 passed, 0 failed');
    expect(code).toBe(0);
  });

  it('says what does not hold', async () => {
    const { code, stdout } = await run({
      'tests/a.test.yaml': tests({ name: 'wants', expect: { lines: ['no such'] } }),
    });
    expect(code).toBe(1);
    expect(stdout).toBe(
      'FAILED a.test.yaml: wants\n         the configuration has no line "no such"\n0 passed, 1 failed\n',
    );
  });

  it('looks into files, and gives the template its own environment and objects', async () => {
    const { code, stdout } = await run({
      'a.test.yaml': tests(
        { name: 'a map', expect: { file: { name: 'hosts.map', lines: ['shop.example.com shop'] } } },
        {
          name: 'another service',
          given: [JSON.parse(services({ blog: { namespace: 'x', selector: {}, balance: 'roundrobin' } })) as object],
          expect: { backend: { name: 'blog', lines: ['balance roundrobin'] }, noLines: ['backend shop'] },
        },
        { name: 'no services', without: ['configmaps/lb/services'], expect: { problems: ['services'] } },
      ),
    });
    expect(stdout).toContain('3 passed, 0 failed');
    expect(code).toBe(0);
  });

  it('fails a result that HAProxy refuses, unless just that was expected', async () => {
    const given = [JSON.parse(services({ shop: { namespace: 'x', selector: {}, balance: 'by-mood' } })) as object];
    const files = {
      'a.test.yaml': tests(
        { name: 'forgot', given, expect: { lines: ['balance by-mood'] } },
        { name: 'expected', given, expect: { error: 'balance only supports' } },
      ),
    };
    const { code, stdout } = await run(files);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAILED a\.test\.yaml: forgot\n +it failed: HAProxy refuses it: /);
    expect(stdout).toContain('ok     a.test.yaml: expected');

    const unchecked = await run(files, '--no-check', '--json');
    const { results } = JSON.parse(unchecked.stdout) as { results: { name: string; unmet: string[] }[] };
    expect(results.map(({ unmet }) => unmet.length)).toEqual([0, 1]);
  });

  it('takes a template error as an answer', async () => {
    const given = [JSON.parse(config({ template: '{{ 1 / 0 }}' })) as object];
    const { code } = await run({ 'a.test.yaml': tests({ name: 'breaks', given, expect: { error: 'zero' } }) });
    expect(code).toBe(0);
  });

  it.each([
    ['no test file', {}, 'hold no *.test.yaml'],
    ['a word it does not know', { 'a.test.yaml': tests({ name: 'x', expect: { line: [] } }) }, 'tests.0.expect'],
    ['a test that cannot fail', { 'a.test.yaml': tests({ name: 'x', expect: {} }) }, 'cannot fail'],
    [
      'an object that is not there',
      { 'a.test.yaml': tests({ name: 'x', without: ['pods/a/b'], expect: { error: '' } }) },
      'pods/a/b',
    ],
    ['text that is no YAML', { 'a.test.yaml': '{' }, 'a.test.yaml'],
  ])('refuses %s with 66', async (_, files, words) => {
    const { code, stderr } = await run(files);
    expect(code).toBe(66);
    expect(stderr).toContain(words);
  });
});
