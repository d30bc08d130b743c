import { type FleetName, type RenderSignal, type Revision, renderQueue } from '@flotilla/domain';
import { Queue, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { keptOfAllFleets } from './ended-jobs.ts';

/**
 * - `live`: a job of the fleet waits, runs or is about to be tried again; nothing was done.
 * - `added`: there was none.
 * - `unblocked`: there was none, and a deduplication key that no job would ever have removed was in the way.
 */
export type Revival = 'live' | 'added' | 'unblocked';

/** How many jobs of all fleets are not done. */
export interface QueueDepth {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly isPaused: boolean;
}

export interface Signals {
  /** Adds the fleet's job; while one is active, exactly one more is kept, however many signals come. */
  signal(fleet: FleetName, revision: Revision): Promise<void>;
  /** Makes sure that a fleet that is behind has a job. Meant to be called now and then: the way out of whatever was lost. */
  revive(fleet: FleetName, revision: Revision): Promise<Revival>;
  depth(): Promise<QueueDepth>;
  close(): Promise<void>;
}

/** A failed render is tried again soon: what failed for a passing reason mends itself, the rest is told as failed. */
const attempts = 3;
const backoffMs = 500;

const liveStates: readonly string[] = ['waiting', 'active', 'delayed', 'prioritized'];

/** The sending side of the queue. The connection may be shared; it stays open. */
export function createSignals({ connection }: { connection: Redis }): Signals {
  const queue = new Queue<RenderSignal>(renderQueue.name, { connection, prefix: renderQueue.prefix });
  queue.on('error', () => undefined);
  const options = (fleet: FleetName): JobsOptions => ({
    // The only mode that starts at once and never loses the last change; the job is a signal, so a dropped payload is
    // no loss. `reschedule` makes a job that waits for its next attempt start when a change comes: it may be the cure.
    deduplication: { id: fleet, keepLastIfActive: true, reschedule: true },
    attempts,
    backoff: { type: 'fixed', delay: backoffMs },
    removeOnComplete: keptOfAllFleets,
    removeOnFail: keptOfAllFleets,
  });
  const signal = async (fleet: FleetName, revision: Revision): Promise<void> => {
    await queue.add(fleet, { fleet, revision }, options(fleet));
  };
  return {
    signal,
    async revive(fleet, revision) {
      const holder = await queue.getDeduplicationJobId(fleet);
      const job = holder === null ? undefined : await queue.getJob(holder);
      if (job && liveStates.includes(await job.getState())) return 'live';
      // Drops the key only while this job holds it. Where the job is gone, adding recovers by itself.
      await job?.removeDeduplicationKey();
      await signal(fleet, revision);
      return holder === null ? 'added' : 'unblocked';
    },
    async depth() {
      const [{ waiting = 0, active = 0, delayed = 0 }, isPaused] = await Promise.all([
        queue.getJobCounts('waiting', 'active', 'delayed'),
        queue.isPaused(),
      ]);
      return { waiting, active, delayed, isPaused };
    },
    close: () => queue.close(),
  };
}
