import type { Redis } from 'ioredis';
import { type FleetName, type InputField, type InputsPosition, fleetKeys } from '@flotilla/domain';
import { readMeta, writeMeta } from '@flotilla/runtime';

/**
 * Notes that a render of these inputs failed for what is in them: its template ends in an error, or HAProxy refuses what
 * it gives. What changed since the last render that got through is then no last good value.
 */
export async function recordRefusal(
  redis: Redis,
  fleet: FleetName,
  { epoch, revision }: InputsPosition,
): Promise<void> {
  await writeMeta(redis, fleet, { refusedEpoch: epoch, refusedRevision: revision });
}

/** Of these fields the ones that a refused render had and no accepted one: what was accepted before, as it is stored. */
export async function acceptedBefore(
  redis: Redis,
  fleet: FleetName,
  fields: readonly InputField[],
): Promise<[InputField, Buffer | null][]> {
  const { refusedRevision: refused, newest } = await readMeta(redis, fleet);
  const accepted = newest?.revision ?? 0;
  if (refused <= accepted || fields.length === 0) return [];
  const key = fleetKeys(fleet).accepted;
  const values = await redis.hmgetBuffer(key, ...fields);
  const changedAt = await redis.hmget(key, ...fields.map((field) => `@${field}`));
  return fields.flatMap((field, at): [InputField, Buffer | null][] => {
    const value = values[at];
    const revision = Number(changedAt[at] ?? Infinity);
    if (!value || revision > refused || revision <= accepted) return [];
    return [[field, value.subarray(0, 1).toString() === '+' ? value.subarray(1) : null]];
  });
}
