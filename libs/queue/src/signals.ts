import { type FleetName, type RenderSignal, type Revision, renderQueue } from '@flotilla/domain';
import { Queue, type JobsOptions } from 'bullmq';
import type { Redis } from 'ioredis';

/** How many jobs of each outcome stay in the history. */
export interface HistoryLimits {
  readonly completed: number;
  readonly failed: number;
}

export interface Signals {
  /** Adds the fleet's job; while one is active, exactly one more is kept, however many signals come. */
  signal(fleet: FleetName, revision: Revision): Promise<void>;
  /**
   * Makes sure that a fleet that is behind has a job: adds it, and where a deduplication key without a job is in the
   * way (its job was removed by hand), drops the key first. True when it had to drop one.
   */
  revive(fleet: FleetName, revision: Revision): Promise<boolean>;
  close(): Promise<void>;
}

/** A failed render is tried again soon: a change that arrives meanwhile waits behind it, so never for long. */
const attempts = 3;
const backoffMs = 500;

/** The sending side of the queue. The connection may be shared; it stays open. */
export function createSignals({ connection, limits }: { connection: Redis; limits: HistoryLimits }): Signals {
  const queue = new Queue<RenderSignal>(renderQueue.name, { connection, prefix: renderQueue.prefix });
  queue.on('error', () => undefined);
  const options = (fleet: FleetName): JobsOptions => ({
    // The only mode that starts at once and never loses the last change; the job is a signal, so a dropped payload is no loss.
    deduplication: { id: fleet, keepLastIfActive: true },
    attempts,
    backoff: { type: 'fixed', delay: backoffMs },
    removeOnComplete: { count: limits.completed },
    removeOnFail: { count: limits.failed },
  });
  const signal = async (fleet: FleetName, revision: Revision): Promise<void> => {
    await queue.add(fleet, { fleet, revision }, options(fleet));
  };
  return {
    signal,
    async revive(fleet, revision) {
      const holder = await queue.getDeduplicationJobId(fleet);
      const state = holder ? await queue.getJobState(holder) : 'unknown';
      const stray = holder !== null && !['waiting', 'active', 'delayed', 'prioritized'].includes(state);
      if (stray) await queue.removeDeduplicationKey(fleet);
      await signal(fleet, revision);
      return stray;
    },
    close: () => queue.close(),
  };
}
