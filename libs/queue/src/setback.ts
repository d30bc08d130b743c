import {
  type RenderResult,
  type RenderSetback,
  type RenderSignal,
  reasonOf,
  readValue,
  setbackSchema,
} from '@flotilla/domain';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { endedJobs } from './ended-jobs.ts';

type RenderQueue = Queue<RenderSignal, RenderResult>;

/** What a job says of its last attempt that failed; of foreign jobs, nothing. */
export function setbackIn({ progress }: Job<RenderSignal>): RenderSetback | undefined {
  const read = readValue(setbackSchema, progress);
  return read.ok ? read.value : undefined;
}

export interface FailedAttempt {
  /** Whose attempt it was. */
  readonly name: string;
  readonly error: unknown;
  readonly setback: Omit<RenderSetback, 'since'> | undefined;
}

/** Notes in the job what its attempt was about and how it failed, as a line of its log as well. Never throws. */
export async function noteSetback(
  redis: Redis,
  queue: RenderQueue,
  job: Job<RenderSignal, RenderResult>,
  { name, error, setback }: FailedAttempt,
): Promise<void> {
  try {
    const attempt = job.attemptsMade + 1;
    const about = setback ? ` at revision ${setback.revision ?? '?'}, stage ${setback.stage}` : '';
    await job.log(`${new Date().toISOString()} attempt ${attempt} by ${name}${about}: ${reasonOf(error)}`);
    if (setback) await job.updateProgress({ ...setback, since: await failingSince(redis, queue, job) });
  } catch {
    // The attempt's end is told by the same connection: what is wrong with that is dealt with there.
  }
}

/** Notes in the job's log that it was given back, and why. Never throws. */
export async function noteGivenBack(job: Job<RenderSignal, RenderResult>, name: string, error: unknown): Promise<void> {
  await job.log(`${new Date().toISOString()} given back by ${name}: ${reasonOf(error)}`).catch(() => undefined);
}

/** Since when the fleet's renders fail: since this job's first attempt, or since the first job after one that went well. */
export async function failingSince(
  redis: Redis,
  queue: RenderQueue,
  job: Job<RenderSignal, RenderResult>,
): Promise<number> {
  const own = setbackIn(job)?.since;
  if (own !== undefined) return own;
  const last = async (state: 'completed' | 'failed') => {
    const [id] = await endedJobs(redis, job.data.fleet, state, 1);
    return id === undefined ? undefined : await queue.getJob(id);
  };
  const [failed, completed] = await Promise.all([last('failed'), last('completed')]);
  const failedAt = failed?.finishedOn ?? 0;
  if (!failed || failedAt < (completed?.finishedOn ?? 0)) return Date.now();
  return setbackIn(failed)?.since ?? failedAt;
}
