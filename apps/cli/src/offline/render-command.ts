import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type FleetName, layout, reasonOf } from '@flotilla/domain';
import { checkConfig, haproxyVersion, redactConfigSecrets } from '@flotilla/haproxy';
import { readManifests } from '@flotilla/source';
import type { TemplateSettings } from '@flotilla/template';
import { type Outcome, exitCodes } from '../outcome.ts';
import { renderOffline, writeBundle } from './render-offline.ts';

export interface RenderRequest {
  readonly manifests: string;
  readonly fleet: FleetName;
  /** Where the bundle is written; without one only haproxy.cfg is printed. */
  readonly out: string | undefined;
  readonly haproxy: string;
  readonly settings: TemplateSettings;
}

type Verdict =
  | { readonly kind: 'valid'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string }
  | { readonly kind: 'unchecked'; readonly why: string };

/** `flotilla render`: manifests in, haproxy.cfg out, checked by HAProxy where there is one. */
export async function renderCommand(request: RenderRequest): Promise<Outcome> {
  const { files, problems } = await renderOffline(await readManifests(request.manifests), request);
  const folder = request.out === undefined ? await mkdtemp(join(tmpdir(), 'flotilla-render-')) : resolve(request.out);
  try {
    await writeBundle(folder, files);
    const config = files.find(({ path }) => path === layout.config)?.content.toString() ?? '';
    const verdict = await check(request.haproxy, join(folder, layout.config), config);
    const written = request.out === undefined ? [] : files.map(({ path }) => join(folder, path));
    return {
      code: verdict.kind === 'refused' ? exitCodes.failed : exitCodes.ok,
      lines: [
        ...(request.out === undefined ? [config.trimEnd()] : written.map((path) => `wrote ${path}`)),
        ...problems.map((problem) => `# set aside: ${problem}`),
        `# ${tell(verdict)}`,
      ],
      json: {
        files: files.map(({ path, content }) => ({ path, size: content.length })),
        config,
        problems,
        check: verdict,
        written,
      },
    };
  } finally {
    if (request.out === undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function check(binary: string, file: string, config: string): Promise<Verdict> {
  try {
    await haproxyVersion(binary);
  } catch (error) {
    return { kind: 'unchecked', why: reasonOf(error) };
  }
  const result = await checkConfig({ binary, files: [file], timeoutMs: 60_000 });
  if (result.ok) return { kind: 'valid', warnings: result.warnings };
  return { kind: 'refused', message: redactConfigSecrets(result.message, config) };
}

function tell(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'valid':
      return ['HAProxy: valid', ...verdict.warnings].join('\n# ');
    case 'refused':
      return `HAProxy refuses it: ${verdict.message.split('\n').join('\n# ')}`;
    case 'unchecked':
      return `not checked by HAProxy: ${verdict.why}`;
  }
}
