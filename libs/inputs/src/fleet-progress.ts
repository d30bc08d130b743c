import type { Redis } from 'ioredis';
import { type FleetName, type InputsPosition, type Revision, epoch, fleetKeys, revision } from '@flotilla/domain';

/** How far a fleet's artifacts have come behind its inputs. */
export interface FleetProgress extends InputsPosition {
  /** The newest inputs were rendered, whether or not they gave a new version, and HAProxy has checked that. */
  readonly isRendered: boolean;
  /** The revision that the newest version was made from; undefined when nothing was published in this epoch. */
  readonly renderedRevision: Revision | undefined;
}

/** Undefined while the fleet has no inputs. */
export async function readProgress(redis: Redis, fleet: FleetName): Promise<FleetProgress | undefined> {
  const fields = ['epoch', 'revision', 'artifactEpoch', 'artifactRevision', 'version', 'checkedVersion'] as const;
  const [life, count, rendered, renderedCount, version, checked] = await redis.hmget(fleetKeys(fleet).meta, ...fields);
  if (!life || !count) return undefined;
  const renderedRevision = rendered === life ? revision(Number(renderedCount)) : undefined;
  const isRendered = renderedRevision !== undefined && renderedRevision >= Number(count) && version === checked;
  return { epoch: epoch(life), revision: revision(Number(count)), isRendered, renderedRevision };
}
