import { basename } from 'node:path';
import { type BundleFile, type FleetName, type StoredObject, layout, placeRelease } from '@flotilla/domain';
import { parseManifest, readManifests } from '@flotilla/source';
import type { TemplateSettings } from '@flotilla/template';
import { stringify } from 'yaml';
import { NoInputError } from '../failure.ts';
import { type Outcome, exitCodes } from '../outcome.ts';
import { nodeFolder } from '../plan/placed.ts';
import { inTemporaryFolder } from './bundle-folder.ts';
import { type Rendering, unmet } from './expectations.ts';
import { textOf } from './render-command.ts';
import { renderOffline } from './render-offline.ts';
import { type TestCase, findTestFiles, readTestFile } from './test-file.ts';
import { type Check, tellCheck } from './haproxy-check.ts';

export interface TestRequest {
  readonly manifests: string;
  /** A test file, or a folder of `*.test.yaml`; the manifests' folder unless given. */
  readonly tests: string | undefined;
  readonly fleet: FleetName;
  readonly check: Check;
  readonly settings: TemplateSettings;
}

interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly unmet: readonly string[];
}

/** `flotilla test`: the user's own tests of a template. A result that HAProxy refuses has failed. */
export async function testCommand(request: TestRequest): Promise<Outcome> {
  const files = await findTestFiles(request.tests ?? request.manifests);
  const manifests = await readManifests(request.manifests);
  const results: TestResult[] = [];
  let unchecked: string | undefined;
  for (const file of files) {
    for (const test of await readTestFile(file)) {
      const { rendering, note } = await renderCase(test, manifests, request);
      unchecked ??= note;
      results.push({ file: basename(file), name: test.name, unmet: unmet(test.expect, rendering) });
    }
  }
  const failed = results.filter((result) => result.unmet.length > 0);
  return {
    code: failed.length > 0 ? exitCodes.no : exitCodes.ok,
    lines: [
      ...results.flatMap((result) => [
        `${result.unmet.length === 0 ? 'ok    ' : 'FAILED'} ${result.file}: ${result.name}`,
        ...result.unmet.map((text) => `         ${text.replaceAll('\n', '\n         ')}`),
      ]),
      `${results.length - failed.length} passed, ${failed.length} failed`,
    ],
    notes: unchecked === undefined ? [] : [unchecked],
    json: { passed: results.length - failed.length, failed: failed.length, results, note: unchecked ?? null },
  };
}

async function renderCase(
  test: TestCase,
  manifests: readonly StoredObject[],
  { fleet, settings, check }: TestRequest,
): Promise<{ rendering: Rendering; note: string | undefined }> {
  const env = { ...settings.env, ...test.env };
  const render = await renderOffline(objectsOf(test, manifests), { fleet, settings: { ...settings, env } });
  const { problems } = render;
  if (render.kind === 'failed')
    return { rendering: { kind: 'failed', reason: render.error.message, problems }, note: undefined };
  const config = textOf(render.files, layout.config);
  const answer = await inTemporaryFolder(render.files, (folder) => check(folder, config));
  const note = answer.kind === 'unchecked' ? tellCheck(answer) : undefined;
  if (answer.kind === 'refused') return { rendering: { kind: 'failed', reason: tellCheck(answer), problems }, note };
  const placed = placeRelease(config, nodeFolder);
  return { rendering: { kind: 'rendered', config: placed, files: filesBeside(render.files), problems }, note };
}

/** The manifests without those that the test leaves out or replaces, and what it gives. */
function objectsOf(test: TestCase, manifests: readonly StoredObject[]): StoredObject[] {
  const given = test.given.flatMap((object) => parseManifest(`test "${test.name}"`, stringify(object)));
  const known = new Set(manifests.map(({ path }) => path));
  const unknown = test.without.find((path) => !known.has(path));
  if (unknown !== undefined) throw new NoInputError(`test "${test.name}": the manifests have no ${unknown}`);
  const replaced = new Set([...given.map(({ path }) => path), ...test.without]);
  return [...manifests.filter(({ path }) => !replaced.has(path)), ...given];
}

const filesBeside = (files: readonly BundleFile[]): Map<string, string> =>
  new Map(
    files.flatMap(({ path, content }) =>
      path.startsWith(`${layout.files}/`)
        ? [[path.slice(layout.files.length + 1), placeRelease(content.toString(), nodeFolder)] as const]
        : [],
    ),
  );
