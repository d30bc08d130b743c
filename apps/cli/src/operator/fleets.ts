import { type FleetName, fleetName } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import type { Surroundings } from './surroundings.ts';

const keysPerCall = 10_000;

/** Every fleet that Redis has inputs or nodes of, or that a watcher serves; by name. */
export async function readFleets(redis: Redis, { apps }: Surroundings): Promise<FleetName[]> {
  const names = new Set(apps.flatMap(({ fleets }) => fleets ?? []));
  const stream = redis.scanStream({ match: 'flotilla:{*}:*', count: keysPerCall });
  for await (const keys of stream as AsyncIterable<string[]>) {
    for (const key of keys) {
      const [, name] = /^flotilla:\{(.+)\}:(?:meta|nodes)$/.exec(key) ?? [];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].sort().flatMap((name) => asFleet(name) ?? []);
}

/** Undefined for what no fleet can be called. */
function asFleet(name: string): FleetName | undefined {
  try {
    return fleetName(name);
  } catch {
    return undefined;
  }
}
