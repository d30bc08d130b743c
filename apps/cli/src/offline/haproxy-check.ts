import { join } from 'node:path';
import { layout, reasonOf } from '@flotilla/domain';
import { checkConfig, haproxyVersion, redactConfigSecrets } from '@flotilla/haproxy';

/** What HAProxy says of a bundle. */
export type CheckAnswer =
  | { readonly kind: 'valid'; readonly warnings: readonly string[] }
  | { readonly kind: 'refused'; readonly message: string }
  /** There is no HAProxy here, or it was not wanted. */
  | { readonly kind: 'unchecked'; readonly why: string };

/** Asks HAProxy about the bundle in a folder. */
export type Check = (folder: string, config: string) => Promise<CheckAnswer>;

const timeoutMs = 60_000;

/** Debian puts it where a user who is not root does not look. */
const alsoIn = ['/usr/sbin', '/usr/local/sbin'];

/** Looks for HAProxy once. Throws `CheckError` when one that is there does not answer in time. */
export async function openCheck(name: string, wanted: boolean): Promise<Check> {
  const found = wanted ? await findHaproxy(name) : { missing: 'not asked to' };
  return async (folder, config) => {
    if ('missing' in found) return { kind: 'unchecked', why: found.missing };
    const result = await checkConfig({ binary: found.binary, files: [join(folder, layout.config)], timeoutMs });
    if (!result.ok) return { kind: 'refused', message: redactConfigSecrets(result.message, config) };
    return { kind: 'valid', warnings: result.warnings.map((warning) => redactConfigSecrets(warning, config)) };
  };
}

/** The binary and its version, or why there is none. */
export async function findHaproxy(name: string): Promise<{ binary: string; version: string } | { missing: string }> {
  const places = [name, ...(name.includes('/') ? [] : alsoIn.map((folder) => join(folder, name)))];
  let missing: string | undefined;
  for (const binary of places) {
    try {
      return { binary, version: await haproxyVersion(binary) };
    } catch (error) {
      missing ??= reasonOf(error);
    }
  }
  return { missing: missing ?? '' };
}

export function tellCheck(answer: CheckAnswer): string {
  switch (answer.kind) {
    case 'valid':
      return ['HAProxy: valid', ...answer.warnings].join('\n');
    case 'refused':
      return `HAProxy refuses it: ${answer.message}`;
    case 'unchecked':
      return `not checked by HAProxy: ${answer.why}`;
  }
}
