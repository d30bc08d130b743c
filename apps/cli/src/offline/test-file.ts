import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf } from '@flotilla/domain';
import { parse } from 'yaml';
import { z } from 'zod';
import { NoInputError } from '../failure.ts';

const texts = z.array(z.string());

/** What a rendered backend (or `listen` section) must hold. Lines are compared without their indentation. */
const backend = z.strictObject({
  name: z.string(),
  servers: texts.optional().describe('exactly these addresses, host:port, in any order'),
  lines: texts.optional().describe('each of these lines'),
  noLines: texts.optional().describe('none of these lines'),
});

const file = z.strictObject({
  name: z.string().describe('a key of the configmap `config`'),
  lines: texts.optional().describe('each of these lines'),
  noLines: texts.optional().describe('none of these lines'),
});

const expectation = z
  .strictObject({
    lines: texts.optional().describe('each of these lines, anywhere in haproxy.cfg'),
    noLines: texts.optional().describe('none of these lines'),
    backend: z.union([backend, z.array(backend)]).optional(),
    file: z.union([file, z.array(file)]).optional(),
    error: z.string().optional().describe('rendering fails or HAProxy refuses the result, and the message holds this'),
    problems: texts.optional().describe('entries set aside; each text is in one of them'),
  })
  .refine((expected) => Object.keys(expected).length > 0, 'expects nothing: such a test cannot fail');

const testCase = z.strictObject({
  name: z.string(),
  given: z
    .array(z.looseObject({ kind: z.string() }))
    .default([])
    .describe('objects beside the manifests, or in place of those of the same name'),
  without: texts.default([]).describe('objects of the manifests to leave out, as pods/default/web-1'),
  env: z.record(z.string(), z.string()).default({}).describe('what the template sees as {{ env.NAME }}'),
  expect: expectation,
});

export type TestCase = z.infer<typeof testCase>;
export type Expectation = z.infer<typeof expectation>;

const testFile = z.strictObject({ tests: z.array(testCase).min(1) });

const isTestFile = (name: string): boolean => /\.test\.ya?ml$/.test(name);

/** Beneath the manifests; `kubectl apply -f` does not look into folders, and would trip over a test beside them. */
const testsFolder = 'tests';

/**
 * The test files at a path: the file itself, or every `*.test.yaml` in the folder and in `tests` beneath it.
 * Throws `NoInputError` when there are none.
 */
export async function findTestFiles(path: string): Promise<string[]> {
  let found: string[];
  try {
    if ((await stat(path)).isFile()) return [path];
    const names = await readdir(path, { withFileTypes: true });
    const below = names.some((entry) => entry.name === testsFolder && entry.isDirectory())
      ? (await readdir(join(path, testsFolder))).map((name) => join(testsFolder, name))
      : [];
    found = [...names.map(({ name }) => name), ...below];
  } catch (error) {
    throw new NoInputError(`${path} cannot be read: ${reasonOf(error)}`, error);
  }
  const files = found.filter(isTestFile).sort();
  if (files.length === 0) {
    throw new NoInputError(`${path} and ${join(path, testsFolder)} hold no *.test.yaml; docs/templates.md shows one`);
  }
  return files.map((name) => join(path, name));
}

/** Throws `NoInputError`, which names file, place and reason. */
export async function readTestFile(path: string): Promise<TestCase[]> {
  const fault = (reason: string, cause?: unknown): NoInputError =>
    new NoInputError(`${basename(path)}: ${reason}`, cause);
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw fault(reasonOf(error), error);
  }
  const result = testFile.safeParse(content);
  if (result.success) return result.data.tests;
  const [issue] = result.error.issues;
  throw fault(`at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? 'not a test file'}`);
}
