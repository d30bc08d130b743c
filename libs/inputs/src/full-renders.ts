import type { Redis } from 'ioredis';
import { type FleetName, fleetKeys } from '@flotilla/domain';

/** Long enough to be heard of; afterwards it is tried again, since another version may have brought the cure. */
const orderedForSeconds = 24 * 60 * 60;

/** Which templates of a fleet every renderer renders from nothing, because an incremental render of them was wrong. */
export interface FullRenders {
  /** @param templates what the templates are known by; the order ends with them, or after a day */
  order(templates: string): Promise<void>;
  /** The templates that there is an order for. */
  ordered(): Promise<string | undefined>;
}

export function createFullRenders({ redis, fleet }: { redis: Redis; fleet: FleetName }): FullRenders {
  const { full } = fleetKeys(fleet);
  return {
    async order(templates) {
      await redis.set(full, templates, 'EX', orderedForSeconds);
    },
    ordered: async () => (await redis.get(full)) ?? undefined,
  };
}
