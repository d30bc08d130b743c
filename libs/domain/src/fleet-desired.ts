import type { ArtifactIdentity } from './artifact.ts';
import { type Epoch, digest, epoch, version } from './brands.ts';

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

/** The hash as Redis gives it, field by field. What belongs to another life than `life` counts as nothing. */
export function parseDesired(stored: Readonly<Partial<Record<string, string>>>, life: Epoch | undefined): Desired {
  const record: Readonly<Partial<Record<DesiredField, string>>> = stored;
  const { held, feedId } = record;
  const isWhole = record.version && record.digest && feedId;
  return {
    version:
      isWhole && life !== undefined && record.epoch === life
        ? { epoch: epoch(life), version: version(Number(record.version)), digest: digest(record.digest ?? ''), feedId }
        : undefined,
    held: held === undefined || held === '' ? undefined : held,
  };
}
