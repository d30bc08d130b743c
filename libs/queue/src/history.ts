import { type FleetName, type RenderResult, type RenderSignal, renderQueue } from '@flotilla/domain';
import { type Job, Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';

/** A job as the history tells it. Times are in ms since 1970. */
export interface RenderJob {
  readonly id: string;
  readonly fleet: FleetName;
  readonly state: 'waiting' | 'active' | 'delayed' | 'completed' | 'failed';
  readonly addedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly attempts: number;
  readonly result: RenderResult | undefined;
  /** Why it failed. */
  readonly reason: string | undefined;
}

export interface JobHistory {
  /** Newest first. */
  jobs(options?: { fleet?: FleetName; states?: readonly RenderJob['state'][]; count?: number }): Promise<RenderJob[]>;
  /** Every job that ends from now on, until the signal is aborted. */
  follow(signal: AbortSignal): AsyncGenerator<RenderJob, void, undefined>;
  close(): Promise<void>;
}

const allStates = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;

/** Reads the job history from Redis. The connection may be shared; it stays open. */
export function createJobHistory({ connection }: { connection: Redis }): JobHistory {
  const queue = new Queue<RenderSignal, RenderResult>(renderQueue.name, { connection, prefix: renderQueue.prefix });
  queue.on('error', () => undefined);
  return {
    async jobs({ fleet, states = allStates, count = 50 } = {}) {
      const reads = states.map(async (state) => {
        // Fleets share the queue: read on until enough of this one were seen.
        const found: RenderJob[] = [];
        const page = 200;
        for (let start = 0; found.length < count; start += page) {
          const jobs = await queue.getJobs([state], start, start + page - 1);
          found.push(...jobs.filter((job) => !fleet || job.data.fleet === fleet).map((job) => describeJob(job, state)));
          if (jobs.length < page) break;
        }
        return found;
      });
      const jobs = (await Promise.all(reads)).flat();
      return jobs.sort((a, b) => b.addedAt - a.addedAt || Number(b.id) - Number(a.id)).slice(0, count);
    },
    follow: (signal) => followEnds(queue, connection, signal),
    close: () => queue.close(),
  };
}

async function* followEnds(
  queue: Queue<RenderSignal, RenderResult>,
  connection: Redis,
  signal: AbortSignal,
): AsyncGenerator<RenderJob, void, undefined> {
  const events = new QueueEvents(renderQueue.name, { connection, prefix: renderQueue.prefix });
  const ended: { id: string; state: 'completed' | 'failed' }[] = [];
  let wake = (): void => undefined;
  const add = (id: string, state: 'completed' | 'failed'): void => {
    ended.push({ id, state });
    wake();
  };
  events.on('error', () => undefined);
  events.on('completed', ({ jobId }) => {
    add(jobId, 'completed');
  });
  events.on('failed', ({ jobId }) => {
    add(jobId, 'failed');
  });
  const aborted = (): void => {
    wake();
  };
  signal.addEventListener('abort', aborted);
  try {
    while (!signal.aborted) {
      const next = ended.shift();
      if (next) {
        const job = await queue.getJob(next.id).catch(() => undefined);
        if (job) yield describeJob(job, next.state);
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ended.length > 0 || signal.aborted) resolve();
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', aborted);
    await events.close();
  }
}

function describeJob(job: Job<RenderSignal, RenderResult>, state: RenderJob['state']): RenderJob {
  return {
    id: job.id ?? '',
    fleet: job.data.fleet,
    state,
    addedAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn,
    attempts: job.attemptsMade,
    result: state === 'completed' ? (job.returnvalue ?? undefined) : undefined,
    reason: job.failedReason,
  };
}
