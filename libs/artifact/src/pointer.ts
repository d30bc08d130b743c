import type { Redis } from 'ioredis';
import {
  type ArtifactIdentity,
  type FleetName,
  type Revision,
  digest,
  epoch,
  fleetKeys,
  revision,
  version,
} from '@flotilla/domain';

/** What the fleet should run, as the newest publish left it. */
export interface Pointer extends ArtifactIdentity {
  /** The newest revision whose render gave this artifact. */
  readonly revision: Revision;
  /** The feed entry that told of it. */
  readonly feedId: string;
}

/** Undefined while nothing is published in the present life of the fleet's data. */
export async function readPointer(redis: Redis, fleet: FleetName): Promise<Pointer | undefined> {
  const fields = ['epoch', 'artifactEpoch', 'version', 'digest', 'artifactRevision', 'feedId'] as const;
  const [life, publishedIn, number, identity, rendered, feedId] = await redis.hmget(fleetKeys(fleet).meta, ...fields);
  if (!life || life !== publishedIn || !number || !identity || !feedId) return undefined;
  return {
    epoch: epoch(life),
    version: version(Number(number)),
    digest: digest(identity),
    revision: revision(Number(rendered)),
    feedId,
  };
}
