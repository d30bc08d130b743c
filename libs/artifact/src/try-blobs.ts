import { type FleetName, type Sealer, canOpen, fleetKeys } from '@flotilla/domain';
import type { Redis } from 'ioredis';

const most = 16;

/** Whether this key opens them, of some of the fleet's blobs; none where there are none. */
export async function tryBlobs(of: { redis: Redis; fleet: FleetName; sealer: Sealer }): Promise<boolean[]> {
  const { redis, fleet, sealer } = of;
  const key = fleetKeys(fleet).blobs;
  const digests = ((await redis.hrandfield(key, most)) ?? []) as string[];
  const sealed = digests.length === 0 ? [] : await redis.hmgetBuffer(key, ...digests);
  return digests.flatMap((digest, at) => {
    const bytes = sealed[at];
    return bytes ? [canOpen(sealer, bytes, digest)] : [];
  });
}
