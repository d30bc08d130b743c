import {
  type ArtifactIdentity,
  type Epoch,
  type FleetName,
  type Sealer,
  aheadPurpose,
  digest,
  fleetKeys,
  isOlder,
  parseAhead,
  version,
} from '@flotilla/domain';
import { readMeta } from '@flotilla/runtime';
import type { Redis } from 'ioredis';

/** A node has a newer version than Redis: this life of the data lost what it had, and the next has to be above the node's. */
export interface LostLife {
  readonly epoch: Epoch;
  readonly node: ArtifactIdentity;
}

/** Undefined while no node says that it has a newer version than Redis, or what one said is over. */
export async function readLostLife(redis: Redis, fleet: FleetName, sealer: Sealer): Promise<LostLife | undefined> {
  const sealed = await redis.getBuffer(fleetKeys(fleet).ahead);
  const node = sealed && opened(sealer, sealed);
  if (!node) return undefined;
  const { inputs, newest } = await readMeta(redis, fleet);
  if (!inputs) return undefined;
  const { epoch } = inputs;
  return isOlder(newest ?? { epoch, version: version(0), digest: digest('') }, node) ? { epoch, node } : undefined;
}

/** What was sealed with another key was said by nobody who counts. */
function opened(sealer: Sealer, sealed: Buffer): ArtifactIdentity | undefined {
  try {
    return parseAhead(sealer.open(sealed, aheadPurpose).toString());
  } catch {
    return undefined;
  }
}
