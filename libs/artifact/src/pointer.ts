import type { Redis } from 'ioredis';
import type { FleetName, NewestVersion } from '@flotilla/domain';
import { readMeta } from '@flotilla/runtime';

/** What the fleet should run, as the newest publish left it. */
export type Pointer = NewestVersion;

/** Undefined while nothing is published in the present life of the fleet's data. */
export const readPointer = async (redis: Redis, fleet: FleetName): Promise<Pointer | undefined> =>
  (await readMeta(redis, fleet)).newest;
