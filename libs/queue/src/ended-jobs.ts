import { type FleetName, fleetKeys } from '@flotilla/domain';
import { redisScript } from '@flotilla/runtime';
import type { Redis } from 'ioredis';
import source from './keep-ended.lua';

export type EndState = 'completed' | 'failed';

/** How many ended jobs of each fleet stay in the history, by how they ended. */
export type HistoryLimits = Readonly<Record<EndState, number>>;

/**
 * What BullMQ keeps of all fleets together, far more than they keep by their own limits: it takes away what a renderer
 * that was killed did not get to.
 */
export const keptOfAllFleets = { count: 100_000, age: 30 * 24 * 3_600 } as const;

const script = redisScript(source);
/** Jobs are taken away several at a time: so many more than the limit, as a share of it. */
const slackShare = 0.1;

/**
 * Notes that a job of the fleet ended. BullMQ counts the jobs of all fleets together, so that one that fails all the time
 * would push out what the others did; here each fleet has its own list, newest first.
 *
 * @returns the ids of jobs that the history no longer needs
 */
export async function noteEnded(
  redis: Redis,
  job: { readonly id: string; readonly fleet: FleetName; readonly state: EndState },
  limit: number,
): Promise<string[]> {
  const args = [job.id, limit, Math.floor(limit * slackShare)];
  const old = await script.run(redis, [fleetKeys(job.fleet)[job.state]], args);
  return (old as Buffer[]).map(String);
}

/** Ids of the fleet's ended jobs, newest first. */
export const endedJobs = (redis: Redis, fleet: FleetName, state: EndState, count: number): Promise<string[]> =>
  redis.lrange(fleetKeys(fleet)[state], 0, count - 1);
