import type { Redis } from 'ioredis';
import type { FleetName, InputsPosition, Problem, Revision, SourcePosition } from '@flotilla/domain';
import { readRecords } from '@flotilla/runtime';

/** How far a fleet's artifacts have come behind its inputs. */
export interface FleetProgress extends InputsPosition {
  /**
   * The newest inputs were rendered, whether or not they gave a new version, HAProxy has checked that, and it is desired,
   * or held on purpose.
   */
  readonly isRendered: boolean;
  /** The revision that the newest version was made from; undefined when nothing was published in this epoch. */
  readonly renderedRevision: Revision | undefined;
  /** Entries that HAProxy refused in the newest render, and what serves in their place. */
  readonly refused: readonly Problem[];
}

/** The same with what operators are told beside it. */
export interface FleetOverview extends FleetProgress {
  /** The source's position that the inputs stand at. */
  readonly sourcePosition: SourcePosition;
  /** When they changed last, ISO 8601. */
  readonly updatedAt: string;
  /** HAProxy has checked the newest version. */
  readonly isChecked: boolean;
}

/** Undefined while the fleet has no inputs. */
export const readProgress: (redis: Redis, fleet: FleetName) => Promise<FleetProgress | undefined> = readOverview;

/** Undefined while the fleet has no inputs. */
export async function readOverview(redis: Redis, fleet: FleetName): Promise<FleetOverview | undefined> {
  const { meta, desired } = await readRecords(redis, fleet);
  const { inputs, position, updatedAt, newest } = meta;
  if (!inputs) return undefined;
  const { epoch, revision } = inputs;
  // Where nodes cannot tell what they should run, a render tells them.
  const isOffered = desired.held !== undefined || desired.version?.version === newest?.version;
  const isChecked = newest?.version === newest?.checkedVersion;
  return {
    epoch,
    revision,
    isRendered: newest !== undefined && newest.revision >= revision && isChecked && isOffered,
    renderedRevision: newest?.revision,
    refused: newest?.refused ?? [],
    sourcePosition: position,
    updatedAt,
    isChecked,
  };
}
