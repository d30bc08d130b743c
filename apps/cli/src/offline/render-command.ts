import { join, resolve } from 'node:path';
import { type BundleFile, type FleetName, layout, placeRelease } from '@flotilla/domain';
import { readManifests } from '@flotilla/source';
import type { TemplateSettings } from '@flotilla/template';
import { type Outcome, exitCodes } from '../outcome.ts';
import { nodeFolder } from '../plan/placed.ts';
import { inTemporaryFolder, writeBundle } from './bundle-folder.ts';
import { renderOffline } from './render-offline.ts';
import { type Check, tellCheck } from './haproxy-check.ts';

export interface RenderRequest {
  readonly manifests: string;
  readonly fleet: FleetName;
  /** Where the bundle is written; without one only haproxy.cfg is printed. */
  readonly out: string | undefined;
  readonly check: Check;
  readonly settings: TemplateSettings;
}

/** `flotilla render`: manifests in, haproxy.cfg out, checked by HAProxy where there is one. */
export async function renderCommand(request: RenderRequest): Promise<Outcome> {
  const render = await renderOffline(await readManifests(request.manifests), request);
  const setAside = render.problems.map((problem) => `set aside: ${problem}`);
  if (render.kind === 'failed') {
    const { code, message } = render.error;
    return {
      code: exitCodes.no,
      lines: [],
      notes: [...setAside, `error: ${message}`],
      json: { error: { code, reason: message }, problems: render.problems },
    };
  }
  const { files, problems } = render;
  const config = textOf(files, layout.config);
  const answer = await inFolder(request.out, files, (folder) => request.check(folder, config));
  const out = request.out;
  return {
    code: answer.kind === 'refused' ? exitCodes.no : exitCodes.ok,
    lines:
      out === undefined
        ? [placeRelease(config, nodeFolder).replace(/\n$/, '')]
        : files.map(({ path }) => `wrote ${join(out, path)}`),
    notes: [...setAside, tellCheck(answer)],
    json: {
      files: files.map(({ path, content }) => ({ path, size: content.length })),
      config: placeRelease(config, out === undefined ? nodeFolder : resolve(out)),
      problems,
      check: answer,
      out: out === undefined ? null : resolve(out),
    },
  };
}

export const textOf = (files: readonly BundleFile[], wanted: string): string =>
  files.find(({ path }) => path === wanted)?.content.toString() ?? '';

async function inFolder<Result>(
  out: string | undefined,
  files: readonly BundleFile[],
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  if (out === undefined) return inTemporaryFolder(files, use);
  await writeBundle(resolve(out), files);
  return use(resolve(out));
}
