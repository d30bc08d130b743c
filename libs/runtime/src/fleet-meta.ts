import { type FleetMeta, type FleetName, type MetaField, fleetKeys, metaFields, parseMeta } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import readHash from './read-hash.lua';
import { type RedisScript, redisScript } from './redis-script.ts';

/** Where the fleet stands, all of one moment. */
export const readMeta = async (redis: Redis, fleet: FleetName): Promise<FleetMeta> =>
  parseMeta(await redis.hgetall(fleetKeys(fleet).meta));

export async function writeMeta(
  redis: Redis,
  fleet: FleetName,
  values: Readonly<Partial<Record<MetaField, string | number>>>,
): Promise<void> {
  await redis.hset(fleetKeys(fleet).meta, values);
}

const names = `local metaField = { ${metaFields.map((field) => `${field} = '${field}'`).join(', ')} }`;

/**
 * A script that works on a fleet's `meta`. It has `readHash(key)`, and the names of the fields as `metaField.<name>`;
 * what it has read of the hash it calls `meta`. Throws `TypeError` at once when it uses a field that there is not.
 */
export function metaScript(source: string): RedisScript {
  for (const [use, name] of source.matchAll(/\bmeta(?:Field)?\.(\w+)/g)) {
    if (!metaFields.some((field) => field === name))
      throw new TypeError(`a script uses ${use}: meta has no such field`);
  }
  return redisScript([names, readHash, source].join('\n'));
}
