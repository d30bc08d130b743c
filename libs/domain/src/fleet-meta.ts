import type { ArtifactIdentity } from './artifact.ts';
import { type Epoch, type Revision, digest, epoch, revision, version } from './brands.ts';
import { parseProblems } from './fleet-hold.ts';
import type { Problem } from './problem.ts';
import { type SourcePosition, sourcePosition } from './source.ts';

/**
 * The fields of a fleet's `meta` hash in Redis. Their names are defined here alone, for the scripts in Lua too.
 *
 * | field | written by | what |
 * | --- | --- | --- |
 * | `term` | watcher | the highest fencing term that took the fleet |
 * | `epoch` | watcher | the life of the data; absent from the end of one until the first write of the next |
 * | `revision`, `stamp`, `position`, `updatedAt` | watcher | the newest write: its number, its random mark, the source's position behind it, and when |
 * | `index` | a watcher of the release before | its name for the position: where it is, that watcher wrote last |
 * | `artifactEpoch`, `version`, `digest` | renderer | the newest version, and the life it belongs to |
 * | `artifactRevision` | renderer | the newest inputs that gave it |
 * | `feedId` | renderer, who ends a hold | the newest entry of the feed, by whichever release |
 * | `checkedVersion` | renderer | the last version that HAProxy has checked |
 * | `refused` | renderer | JSON of the entries that HAProxy refused in the newest render |
 * | `refusedEpoch`, `refusedRevision` | renderer | the newest inputs whose render failed for what is in them |
 */
export const metaFields = [
  'term',
  'epoch',
  'revision',
  'stamp',
  'position',
  'index',
  'updatedAt',
  'artifactEpoch',
  'version',
  'digest',
  'artifactRevision',
  'feedId',
  'checkedVersion',
  'refused',
  'refusedEpoch',
  'refusedRevision',
] as const;

export type MetaField = (typeof metaFields)[number];

/** Where a fleet stands in Redis. What belongs to another life of the data counts as nothing. */
export interface FleetMeta {
  /** The newest inputs; undefined before the first write of a life. */
  readonly inputs: { readonly epoch: Epoch; readonly revision: Revision; readonly stamp: string } | undefined;
  /** The source's position that the newest write brought the inputs to, of whatever life. */
  readonly position: SourcePosition;
  /** When the inputs changed last, ISO 8601; empty before that. */
  readonly updatedAt: string;
  /** The newest entry of the feed; empty before the first. */
  readonly feedId: string;
  /** The newest version; undefined until one is published. */
  readonly newest: NewestVersion | undefined;
  /** The newest revision whose render failed for what is in it; 0 for none. */
  readonly refusedRevision: number;
}

export interface NewestVersion extends ArtifactIdentity {
  /** The newest revision whose render gave it. */
  readonly revision: Revision;
  /** The last version that HAProxy has checked; 0 for none. */
  readonly checkedVersion: number;
  /** Entries that HAProxy refused in the newest render, and what serves in their place. */
  readonly refused: readonly Problem[];
}

/** The hash as Redis gives it, field by field. */
export function parseMeta(stored: Readonly<Partial<Record<string, string>>>): FleetMeta {
  const meta: Readonly<Partial<Record<MetaField, string>>> = stored;
  const life = meta.epoch;
  return {
    inputs: life
      ? { epoch: epoch(life), revision: revision(Number(meta.revision)), stamp: meta.stamp ?? '' }
      : undefined,
    position: sourcePosition(meta.index ?? meta.position ?? ''),
    updatedAt: meta.updatedAt ?? '',
    feedId: meta.feedId ?? '',
    newest: life && life === meta.artifactEpoch ? newestOf(meta, epoch(life)) : undefined,
    refusedRevision: life && life === meta.refusedEpoch ? Number(meta.refusedRevision) : 0,
  };
}

/** Undefined also where a part of it is missing, without which it cannot be read. */
function newestOf(meta: Readonly<Partial<Record<MetaField, string>>>, life: Epoch): NewestVersion | undefined {
  if (!meta.version || !meta.digest) return undefined;
  return {
    epoch: life,
    version: version(Number(meta.version)),
    digest: digest(meta.digest),
    revision: revision(Number(meta.artifactRevision)),
    checkedVersion: Number(meta.checkedVersion ?? 0),
    refused: parseProblems(meta.refused ?? ''),
  };
}
