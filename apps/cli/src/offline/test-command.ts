import { basename } from 'node:path';
import { type FleetName, type StoredObject, layout, reasonOf } from '@flotilla/domain';
import { parseManifest, readManifests } from '@flotilla/source';
import type { TemplateSettings } from '@flotilla/template';
import { stringify } from 'yaml';
import { type Outcome, exitCodes } from '../outcome.ts';
import { type Rendering, unmet } from './expectations.ts';
import { renderOffline } from './render-offline.ts';
import { type TestCase, findTestFiles, readTestFile } from './test-file.ts';

export interface TestRequest {
  readonly manifests: string;
  /** A test file, or a folder of `*.test.yaml`; the manifests' folder unless given. */
  readonly tests: string | undefined;
  readonly fleet: FleetName;
  readonly settings: TemplateSettings;
}

interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly unmet: readonly string[];
}

/** `flotilla test`: the user's own tests of a template. */
export async function testCommand(request: TestRequest): Promise<Outcome> {
  const files = await findTestFiles(request.tests ?? request.manifests);
  if (files.length === 0) {
    const where = request.tests ?? request.manifests;
    return {
      code: exitCodes.usage,
      lines: [`${where} holds no *.test.yaml; see docs/templates.md`],
      json: { results: [] },
    };
  }
  const manifests = await readManifests(request.manifests);
  const results: TestResult[] = [];
  for (const file of files) {
    for (const test of await readTestFile(file)) {
      const rendering = await renderCase(test, manifests, request);
      results.push({ file: basename(file), name: test.name, unmet: unmet(test.expect, rendering) });
    }
  }
  const failed = results.filter((result) => result.unmet.length > 0);
  return {
    code: failed.length > 0 ? exitCodes.failed : exitCodes.ok,
    lines: [
      ...results.flatMap((result) => [
        `${result.unmet.length === 0 ? 'ok    ' : 'FAILED'} ${result.file}: ${result.name}`,
        ...result.unmet.map((text) => `         ${text}`),
      ]),
      `${results.length - failed.length} passed, ${failed.length} failed`,
    ],
    json: { results },
  };
}

async function renderCase(
  test: TestCase,
  manifests: readonly StoredObject[],
  request: TestRequest,
): Promise<Rendering> {
  const given = test.given.flatMap((object) => parseManifest(`test "${test.name}"`, stringify(object)));
  const replaced = new Set([...given.map(({ path }) => path), ...test.without]);
  const objects = [...manifests.filter(({ path }) => !replaced.has(path)), ...given];
  try {
    const { files, problems } = await renderOffline(objects, request);
    const config = files.find(({ path }) => path === layout.config)?.content.toString() ?? '';
    return { kind: 'rendered', config, problems };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error), problems: [] };
  }
}
