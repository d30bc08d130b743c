import { type ArtifactIdentity, identityOf } from './artifact.ts';
import { digest, epoch, version } from './brands.ts';
import type { FleetMeta } from './fleet-meta.ts';

/**
 * The fields of a fleet's `desired` hash in Redis: what its nodes should run. Their names are defined here alone, for the
 * scripts in Lua too.
 *
 * | field | written by | what |
 * | --- | --- | --- |
 * | `epoch`, `version`, `digest` | renderer, who ends a hold | the desired version, and the life of the data it belongs to |
 * | `feedId` | renderer, who ends a hold | the feed entry that told of it, the newest there is |
 * | `held` | who holds the fleet | why newer versions do not reach the nodes; absent while they do |
 */
export const desiredFields = ['epoch', 'version', 'digest', 'feedId', 'held'] as const;

export type DesiredField = (typeof desiredFields)[number];

/** What the fleet's nodes should run. Publishing moves it to the newest version, unless it is held. */
export interface Desired {
  /** Undefined while nothing is desired in the present life of the data. */
  readonly version: DesiredVersion | undefined;
  /** Why it stays where it is; undefined while it moves. A hold outlasts the life of the data. */
  readonly held: string | undefined;
}

export interface DesiredVersion extends ArtifactIdentity {
  /** The feed entry that told of it. */
  readonly feedId: string;
}

/**
 * The hash as Redis gives it, field by field, beside the fleet's `meta` of the same moment. A record that is not of the
 * newest entry of the feed was left behind by a renderer of the release before, which knows of none; a record may also be
 * lost. Then the newest version counts, unless the fleet is held. What belongs to another life counts as nothing.
 */
export function parseDesired(stored: Readonly<Partial<Record<string, string>>>, meta: FleetMeta): Desired {
  const record: Readonly<Partial<Record<DesiredField, string>>> = stored;
  const held = record.held === '' ? undefined : record.held;
  const { inputs, newest, feedId } = meta;
  const own = parseRecord(record);
  const isOwn = own !== undefined && own.epoch === inputs?.epoch;
  if (held !== undefined) return { version: isOwn ? own : undefined, held };
  if (isOwn && own.feedId === feedId) return { version: own, held };
  return { version: newest && feedId !== '' ? { ...identityOf(newest), feedId } : undefined, held };
}

const parseRecord = (record: Readonly<Partial<Record<DesiredField, string>>>): DesiredVersion | undefined =>
  record.epoch && record.version && record.digest && record.feedId
    ? {
        epoch: epoch(record.epoch),
        version: version(Number(record.version)),
        digest: digest(record.digest),
        feedId: record.feedId,
      }
    : undefined;
