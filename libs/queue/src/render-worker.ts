import { type FleetName, type RenderResult, type RenderSignal, renderQueue } from '@flotilla/domain';
import { type Job, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';

/**
 * A killed worker's job is taken up by another after the lock and up to two stalled intervals: the first look marks it,
 * the next one takes it. That is ten seconds at most; BullMQ's own defaults make it a minute and more. The lock is
 * renewed at half its time, so a busy event loop has three seconds.
 */
const lockDurationMs = 6_000;
const stalledIntervalMs = 2_000;

/**
 * How long after a lost connection the end of a job is written again. BullMQ's 15 s are longer than the lock lasts: each
 * job that Redis restarted under would count as stalled, and its fleet wait for that.
 */
const runRetryDelayMs = 500;

export interface RenderWorker {
  /** Undefined while jobs are taken. */
  problem(): string | undefined;
  /** Takes no new job and waits for the active ones, unless Redis is away. */
  close(): Promise<void>;
}

export interface RenderWorkerOptions {
  /** For blocking reads; BullMQ makes its own copies. */
  readonly connection: Redis;
  /** Fleets rendered at the same time. */
  readonly concurrency: number;
  readonly render: (fleet: FleetName, job: { id: string; attempt: number }) => Promise<RenderResult>;
  /** Errors that no repetition mends (a bad template): the job fails at once. */
  readonly isFinal: (error: unknown) => boolean;
  readonly onError: (error: Error) => void;
  /**
   * Told when a job is asked for, then, by what it gave back, whose it is (undefined: there is none): what the render
   * will need can be fetched meanwhile.
   */
  readonly onFetch?: () => (fleet: FleetName | undefined) => void;
}

/** The receiving side: one active render for each fleet, as many fleets at once as `concurrency` says. */
export function createRenderWorker({
  connection,
  concurrency,
  render,
  isFinal,
  onError,
  onFetch,
}: RenderWorkerOptions): RenderWorker {
  let problem: string | undefined;
  // A class in here, as the constructor of BullMQ's begins to fetch before fields of another one are set.
  class FetchingWorker extends Worker<RenderSignal, RenderResult> {
    protected override async moveToActive(token: string, name?: string): Promise<Job<RenderSignal, RenderResult>> {
      const tell = onFetch?.();
      let job: Job<RenderSignal, RenderResult> | undefined;
      try {
        job = await super.moveToActive(token, name);
        // Redis answered: whatever was wrong with a connection is over, also when there is no job.
        problem = undefined;
        return job;
      } finally {
        tell?.(job?.data.fleet);
      }
    }
  }
  const worker = new FetchingWorker(
    renderQueue.name,
    async (job) => {
      try {
        return await render(job.data.fleet, { id: job.id ?? '', attempt: job.attemptsMade + 1 });
      } catch (error) {
        if (isFinal(error)) throw new UnrecoverableError(error instanceof Error ? error.message : String(error));
        throw error;
      }
    },
    {
      connection,
      prefix: renderQueue.prefix,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      runRetryDelay: runRetryDelayMs,
      // A job whose workers were killed again and again is still the fleet's last change.
      maxStalledCount: 1_000,
    },
  );
  worker.on('error', (error) => {
    problem = error.message;
    onError(error);
  });
  worker.on('ready', () => (problem = undefined));
  worker.on('active', () => (problem = undefined));
  // Without Redis no job can come to an end; waiting would only use up the time to end in. Another renderer does them.
  return { problem: () => problem, close: () => worker.close(connection.status !== 'ready') };
}
