import type { RenderResult, RenderSignal } from '@flotilla/domain';
import type { Job, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { failingSince } from './setback.ts';

// A renderer that is killed or frozen can say nothing afterwards, so what it works at is noted before. That costs a
// write, which only a job gets that takes long, or that a renderer died over before.

const longMs = 250;

type RenderJob = Job<RenderSignal, RenderResult>;

const note = (job: RenderJob, name: string, what: string): Promise<unknown> =>
  job.log(`${new Date().toISOString()} attempt ${job.attemptsMade + 1} by ${name}${what}`).catch(() => undefined);

/** Notes that an attempt takes long, and whose it is, unless the returned function is called before. */
export function noteIfLong(job: RenderJob, name: string): () => void {
  const timer = setTimeout(() => void note(job, name, ' takes long'), longMs);
  return () => {
    clearTimeout(timer);
  };
}

/** Notes whose attempt it is after one that never came to an end. Never throws. */
export async function noteTakenUp(
  redis: Redis,
  queue: Queue<RenderSignal, RenderResult>,
  job: RenderJob,
  name: string,
): Promise<void> {
  await note(job, name, ', as a renderer died or froze over this job');
  try {
    const about = { revision: job.data.revision, stage: 'render', changes: [], changeCount: 0 };
    const since = await failingSince(redis, queue, job);
    await job.updateProgress({ ...about, code: 'renderer-died', renderer: name, since });
  } catch {
    // What is wrong with Redis shows at the attempt's end.
  }
}
