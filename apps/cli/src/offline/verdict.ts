import { join } from 'node:path';
import { layout, reasonOf } from '@flotilla/domain';
import { checkConfig, haproxyVersion, redactConfigSecrets } from '@flotilla/haproxy';

/** What HAProxy says of a bundle. */
export type Verdict =
  | { readonly kind: 'valid'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string }
  /** There is no HAProxy here, or it was not wanted. */
  | { readonly kind: 'unchecked'; readonly why: string };

/** Asks HAProxy about the bundle in a folder. */
export type Check = (folder: string, config: string) => Promise<Verdict>;

const timeoutMs = 60_000;

/** Looks for HAProxy once. Throws `CheckError` when one that is there does not answer in time. */
export async function openCheck(binary: string, wanted: boolean): Promise<Check> {
  const missing = wanted ? await whyMissing(binary) : 'not asked to';
  return async (folder, config) => {
    if (missing !== undefined) return { kind: 'unchecked', why: missing };
    const result = await checkConfig({ binary, files: [join(folder, layout.config)], timeoutMs });
    if (!result.ok) return { kind: 'refused', message: redactConfigSecrets(result.message, config) };
    return { kind: 'valid', warnings: result.warnings.map((warning) => redactConfigSecrets(warning, config)) };
  };
}

async function whyMissing(binary: string): Promise<string | undefined> {
  try {
    await haproxyVersion(binary);
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

export function tellVerdict(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'valid':
      return ['HAProxy: valid', ...verdict.warnings].join('\n');
    case 'refused':
      return `HAProxy refuses it: ${verdict.message}`;
    case 'unchecked':
      return `not checked by HAProxy: ${verdict.why}`;
  }
}
