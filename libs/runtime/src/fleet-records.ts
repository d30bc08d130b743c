import {
  type Desired,
  type FleetMeta,
  type FleetName,
  type MetaField,
  desiredFields,
  fleetKeys,
  metaFields,
  parseDesired,
  parseMeta,
} from '@flotilla/domain';
import type { Redis } from 'ioredis';
import readHash from './read-hash.lua';
import { type RedisScript, redisScript } from './redis-script.ts';

/** Where the fleet stands, all of one moment. */
export const readMeta = async (redis: Redis, fleet: FleetName): Promise<FleetMeta> =>
  parseMeta(await redis.hgetall(fleetKeys(fleet).meta));

// A full Redis refuses what stands between MULTI and EXEC, also where it only reads; it runs a script that only reads.
const readScript = redisScript("return { redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2]) }");

/** The same, with what its nodes should run at that moment. */
export async function readRecords(redis: Redis, fleet: FleetName): Promise<{ meta: FleetMeta; desired: Desired }> {
  const keys = fleetKeys(fleet);
  const reply = (await readScript.run(redis, [keys.meta, keys.desired], [])) as Buffer[][];
  const [meta = {}, desired = {}] = reply.map(asHash);
  const parsed = parseMeta(meta);
  return { meta: parsed, desired: parseDesired(desired, parsed) };
}

function asHash(flat: readonly Buffer[]): Partial<Record<string, string>> {
  const texts = flat.map(String);
  return Object.fromEntries(texts.flatMap((field, at) => (at % 2 === 0 ? [[field, texts[at + 1] ?? '']] : [])));
}

export async function writeMeta(
  redis: Redis,
  fleet: FleetName,
  values: Readonly<Partial<Record<MetaField, string | number>>>,
): Promise<void> {
  await redis.hset(fleetKeys(fleet).meta, values);
}

const records = { meta: metaFields, desired: desiredFields } as const;

const names = Object.entries(records).map(
  ([record, fields]) => `local ${record}Field = { ${fields.map((field) => `${field} = '${field}'`).join(', ')} }`,
);

/**
 * A script that works on a fleet's records. It has `readHash(key)`, and the names of the fields as `metaField.<name>` and
 * `desiredField.<name>`; what it has read of the hashes it calls `meta` and `desired`. Throws `TypeError` at once when it
 * uses a field that there is not.
 */
export function recordScript(...sources: readonly string[]): RedisScript {
  const source = sources.join('\n');
  for (const [use, record, name] of source.replaceAll(/--.*/g, '').matchAll(/\b(meta|desired)(?:Field)?\.(\w+)/g)) {
    const fields: readonly string[] = records[record as keyof typeof records];
    if (!fields.some((field) => field === name))
      throw new TypeError(`a script uses ${use}: ${record} has no such field`);
  }
  return redisScript([...names, readHash, source].join('\n'));
}
