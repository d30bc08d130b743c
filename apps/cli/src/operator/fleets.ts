import { type FleetName, asFleetName } from '@flotilla/domain';
import { fleetsIn } from '@flotilla/runtime';
import type { Redis } from 'ioredis';
import type { Surroundings } from './surroundings.ts';

/** Every fleet that Redis has inputs or nodes of, or that a watcher serves; by name. */
export async function readFleets(redis: Redis, { apps }: Surroundings): Promise<FleetName[]> {
  const served = apps.flatMap(({ fleets }) => (fleets ?? []).flatMap((name) => asFleetName(name) ?? []));
  return [...new Set([...served, ...(await fleetsIn(redis))])].sort();
}
