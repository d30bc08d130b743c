import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { knownNames } from '@flotilla/runtime';
import { repositoryRoot } from '@flotilla/testkit';
import { describe, expect, it } from 'vitest';

const root = repositoryRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const filesBelow = (folder: string, ending: string): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name));

const pages = ['README.md', 'CONTRIBUTING.md', ...filesBelow('docs', '.md')];
const found = (pattern: RegExp): string[] => [
  ...new Set(pages.flatMap((page) => [...read(page).matchAll(pattern)].map(([, name = '']) => name))),
];

describe('the documents', () => {
  it.each(pages)('%s links to what is there', (page) => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, link = '']) => link);
    const missing = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(root, dirname(page), link)));
    expect(missing).toEqual([]);
  });

  it('name settings that exist', () => {
    const named = found(/\b(FLOTILLA_[A-Z_]+[A-Z])\b/g);
    expect(named.length).toBeGreaterThan(10);
    // HAProxy sees it, and nobody sets it.
    const own = ['FLOTILLA_RELEASE', 'FLOTILLA_CURRENT'];
    expect(named.filter((name) => !knownNames.includes(name) && !own.includes(name))).toEqual([]);
  });

  it('name metrics that exist', () => {
    // Written from the code.
    const declared = [...read('docs/metrics.md').matchAll(/^\| `(flotilla_\w+)`/gm)].map(([, name = '']) => name);
    const alerts = read('deploy/prometheus/rules.yml').match(/\bflotilla_\w+/g) ?? [];
    expect(alerts.length).toBeGreaterThan(10);
    expect(alerts.filter((name) => !declared.includes(name))).toEqual([]);
    const named = found(/\b(flotilla_[a-z_]+[a-z])\b/g);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((name) => !declared.includes(name))).toEqual([]);
  });

  it("name commands of the operator's program that exist", () => {
    const sources = filesBelow('apps/cli/src', '.ts').map(read).join('\n');
    const commands = [...sources.matchAll(/\.command\('(\w+)'\)/g)].map(([, name = '']) => name);
    const command = /(?:`|^\s*|")flotilla ([a-z]+)/gm;
    const alerts = [...read('deploy/prometheus/rules.yml').matchAll(command)].map(([, name = '']) => name);
    expect(alerts).toContain('status');
    const named = [...found(command), ...alerts];
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((name) => !commands.includes(name))).toEqual([]);
  });

  it('name npm scripts that exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expect(found(/npm run ([a-z]+)/g).filter((name) => !(name in scripts))).toEqual([]);
  });
});

describe('the systemd units', () => {
  const units = filesBelow('deploy/systemd', '.service');

  it.each(units)('%s starts a program that is built, with settings that exist', (path) => {
    const text = read(path);
    const [, app = ''] = /^ExecStart=\/usr\/bin\/env node \/opt\/flotilla\/(.+)\/dist\/main\.js$/m.exec(text) ?? [];
    expect(statSync(join(root, app, 'src/main.ts')).isFile()).toBe(true);
    const names = [...text.matchAll(/^Environment=(\w+)=/gm)].map(([, name = '']) => name);
    expect(names.filter((name) => !knownNames.includes(name))).toEqual([]);
  });
});
