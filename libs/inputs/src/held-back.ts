import type { Redis } from 'ioredis';
import {
  type FleetHold,
  type FleetName,
  type InputField,
  type MissingSince,
  type Problem,
  fleetKeys,
  holdField,
  inputField,
  parseHold,
  parseMissing,
  parseProblem,
} from '@flotilla/domain';
import { scanFields } from './scan.ts';

/** What of the store's present state is kept from a fleet, as every watcher and operator sees it. */
export interface HeldBack {
  /** Undefined while the fleet is not held. */
  readonly hold: FleetHold | undefined;
  /** What was deleted and serves on, by its field of the inputs. */
  readonly missing: ReadonlyMap<InputField, MissingSince>;
}

/** Undefined while the fleet is not held. */
export async function readHold(redis: Redis, fleet: FleetName): Promise<FleetHold | undefined> {
  const text = await redis.hget(fleetKeys(fleet).inputs, holdField);
  return text === null ? undefined : parseHold(text);
}

/** The entries that are set aside. A fleet may have many thousands of fields; few tell of problems. */
export async function readProblems(redis: Redis, fleet: FleetName): Promise<Problem[]> {
  const found = new Map<InputField, Problem>();
  for await (const [field, stored] of scanFields(redis, fleetKeys(fleet).inputs, inputField('problem', '*'), 5_000)) {
    const problem = parseProblem(stored.toString());
    if (problem) found.set(field, problem);
  }
  return [...found.values()];
}

/** Reads a fleet's hold and what is missing from the inputs in Redis. */
export async function readHeldBack(redis: Redis, fleet: FleetName): Promise<HeldBack> {
  const { inputs } = fleetKeys(fleet);
  const missing = new Map<InputField, MissingSince>();
  for await (const [field, stored] of scanFields(redis, inputs, inputField('missing', '*'))) {
    const since = parseMissing(stored.toString());
    if (since) missing.set(field, since);
  }
  return { hold: await readHold(redis, fleet), missing };
}

/**
 * An operator says that the store is right: the watcher that leads ends exactly the holds and waits that stand now.
 * Gives back what it asked to end.
 */
export async function requestRelease(redis: Redis, fleet: FleetName): Promise<HeldBack> {
  const found = await readHeldBack(redis, fleet);
  const wanted = [
    ...(found.hold ? [holdField, found.hold.since] : []),
    ...[...found.missing].flatMap(([field, { since }]) => [field, since]),
  ];
  if (wanted.length > 0) await redis.hset(fleetKeys(fleet).release, ...wanted);
  return found;
}

/** What an operator wants released: the field of the inputs, and the `since` that it bore. */
export async function readReleases(redis: Redis, fleet: FleetName): Promise<ReadonlyMap<InputField, string>> {
  return new Map(Object.entries(await redis.hgetall(fleetKeys(fleet).release)));
}

/** Forgets wishes that were obeyed, or that were for what is over. */
export async function dropReleases(redis: Redis, fleet: FleetName, fields: Iterable<InputField>): Promise<void> {
  const names = [...fields];
  if (names.length > 0) await redis.hdel(fleetKeys(fleet).release, ...names);
}
