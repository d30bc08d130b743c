import { type FleetName, asFleetName } from '@flotilla/domain';
import type { Redis } from 'ioredis';

const keysPerCall = 10_000;

/** Every fleet that Redis has inputs, versions or nodes of. */
export async function fleetsIn(redis: Redis): Promise<FleetName[]> {
  const names = new Set<string>();
  const stream = redis.scanStream({ match: 'flotilla:{*}:*', count: keysPerCall });
  for await (const keys of stream as AsyncIterable<string[]>) {
    for (const key of keys) {
      const [, name] = /^flotilla:\{(.+)\}:(?:meta|nodes)$/.exec(key) ?? [];
      if (name !== undefined) names.add(name);
    }
  }
  return [...names].flatMap((name) => asFleetName(name) ?? []);
}
