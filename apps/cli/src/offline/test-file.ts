import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FlotillaError, reasonOf } from '@flotilla/domain';
import { parse } from 'yaml';
import { z } from 'zod';

const texts = z.array(z.string());

/** What a rendered backend (or any section) must hold. Lines are compared without their indentation. */
const backend = z.strictObject({
  name: z.string(),
  servers: texts.optional().describe('exactly these addresses, host:port, in any order'),
  lines: texts.optional().describe('each of these lines'),
});

const expectation = z.strictObject({
  lines: texts.optional().describe('each of these lines, anywhere'),
  noLines: texts.optional().describe('none of these lines'),
  backend: z.union([backend, z.array(backend)]).optional(),
  error: z.string().optional().describe('rendering or HAProxy fails, and the message holds this'),
  problems: texts.optional().describe('entries set aside; each text is in one of them'),
});

const testCase = z.strictObject({
  name: z.string(),
  given: z
    .array(z.looseObject({ kind: z.string() }))
    .default([])
    .describe('objects beside the manifests, or in place of those of the same name'),
  without: texts.default([]).describe('objects of the manifests to leave out, as pods/default/web-1'),
  expect: expectation,
});

export type TestCase = z.infer<typeof testCase>;
export type Expectation = z.infer<typeof expectation>;

const testFile = z.strictObject({ tests: z.array(testCase).min(1) });

/** Thrown for a test file that cannot be read; names file, place and reason. */
export class TestFileError extends FlotillaError {
  constructor(file: string, reason: string) {
    super('test-file', `${file}: ${reason}`, { data: { file } });
  }
}

export const isTestFile = (name: string): boolean => /\.test\.ya?ml$/.test(name);

/** The test files at a path: the file itself, or every `*.test.yaml` in the folder. */
export async function findTestFiles(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  return (await readdir(path))
    .filter(isTestFile)
    .sort()
    .map((name) => join(path, name));
}

export async function readTestFile(path: string): Promise<TestCase[]> {
  let content: unknown;
  try {
    content = parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new TestFileError(basename(path), reasonOf(error));
  }
  const result = testFile.safeParse(content);
  if (result.success) return result.data.tests;
  const [issue] = result.error.issues;
  throw new TestFileError(
    basename(path),
    `at ${issue?.path.join('.') || 'the top'}: ${issue?.message ?? 'not a test file'}`,
  );
}
