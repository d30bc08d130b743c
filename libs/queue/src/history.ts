import {
  type FleetName,
  type RenderResult,
  type RenderSetback,
  type RenderSignal,
  renderQueue,
  readValue,
  resultSchema,
  signalSchema,
} from '@flotilla/domain';
import { type Job, Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { type EndState, endedJobs } from './ended-jobs.ts';
import { setbackIn } from './setback.ts';

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
  /** The renderer that has it or had it last. */
  readonly renderer: string | undefined;
  /** Why it failed. */
  readonly reason: string | undefined;
  /** What its last attempt that failed was about. */
  readonly setback: RenderSetback | undefined;
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
        if (fleet && (state === 'completed' || state === 'failed'))
          return endedOf(queue, connection, fleet, state, count);
        // Fleets share the queue: read on until enough of this one were seen.
        const found: RenderJob[] = [];
        const page = 200;
        for (let start = 0; found.length < count; start += page) {
          const jobs = await queue.getJobs([state], start, start + page - 1);
          const described = jobs.flatMap((job) => describeJob(job, state) ?? []);
          found.push(...described.filter((job) => !fleet || job.fleet === fleet));
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

async function endedOf(
  queue: Queue<RenderSignal, RenderResult>,
  redis: Redis,
  fleet: FleetName,
  state: EndState,
  count: number,
): Promise<RenderJob[]> {
  const ids = await endedJobs(redis, fleet, state, count);
  const jobs = await Promise.all(ids.map((id) => queue.getJob(id)));
  return jobs.flatMap((job) => (job ? (describeJob(job, state) ?? []) : []));
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
        const described = job && describeJob(job, next.state);
        if (described) yield described;
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

/** BullMQ's words for a job whose workers vanished more often than it may be. */
const stalled = 'job stalled more than allowable limit';

const reasonOf = ({ failedReason, data }: Job<RenderSignal>): string | undefined =>
  failedReason === stalled
    ? `fleet ${data.fleet}: two renderers died or froze while they did this job: look at the ends of their logs, and whether memory is short there; it is tried again after a pause`
    : failedReason;

/** Undefined for a job that is none of Flotilla's: whoever can write to Redis can add one. */
function describeJob(job: Job<RenderSignal, RenderResult>, state: RenderJob['state']): RenderJob | undefined {
  const signal = readValue(signalSchema, job.data);
  if (!signal.ok) return undefined;
  const result = readValue(resultSchema, job.returnvalue);
  const setback = state === 'completed' ? undefined : setbackIn(job);
  return {
    id: job.id ?? '',
    fleet: signal.value.fleet,
    state,
    addedAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn,
    attempts: job.attemptsMade,
    result: state === 'completed' && result.ok ? result.value : undefined,
    // Who found that two had died did not work at it.
    renderer: job.failedReason === stalled ? setback?.renderer : job.processedBy,
    reason: reasonOf(job),
    setback,
  };
}
