import type { Redis } from 'ioredis';
import { type DesiredField, type FleetName, fleetKeys } from '@flotilla/domain';
import { recordScript } from '@flotilla/runtime';
import desireSource from './desire.lua';
import endHoldSource from './end-hold.lua';
import { feedEntries } from './publish-script.ts';

const endHoldScript = recordScript(desireSource, endHoldSource);

/**
 * Keeps the fleet's nodes on the version that is desired now: newer ones are published and checked, and reach nobody.
 * Only where HAProxy refuses the desired version itself, the one before takes its place.
 */
export async function holdFleet(redis: Redis, fleet: FleetName, why: string): Promise<void> {
  if (why === '') throw new RangeError('a hold must say why');
  const field: DesiredField = 'held';
  await redis.hset(fleetKeys(fleet).desired, field, why);
}

/** Ends the hold; the nodes should run the newest version from now on. Returns whether that is another one. */
export async function endHold(redis: Redis, fleet: FleetName): Promise<boolean> {
  const { meta, desired, feed } = fleetKeys(fleet);
  return (await endHoldScript.run(redis, [meta, desired, feed], [feedEntries, new Date().toISOString()])) === 1;
}
