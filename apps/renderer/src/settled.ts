import type { PublishOutcome } from '@flotilla/artifact';
import type { RenderResult } from '@flotilla/domain';

/** What came of a publication that need not be tried again. */
export type Settled = Exclude<PublishOutcome, { kind: 'epoch-changed' | 'check-first' }>;

/** The version that is out then, if it is known. */
export function versionOf(outcome: Settled): Pick<RenderResult, 'version' | 'digest'> {
  switch (outcome.kind) {
    case 'published':
      return { version: outcome.manifest.version, digest: outcome.manifest.digest };
    case 'unchanged':
      return { version: outcome.version, digest: outcome.digest };
    case 'superseded':
      return { version: null, digest: null };
  }
}
