import {
  type FleetName,
  type RenderResult,
  type RenderSetback,
  type RenderSignal,
  renderQueue,
  readValue,
  signalSchema,
} from '@flotilla/domain';
import { type Job, Queue, UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { noteIfLong, noteTakenUp } from './deaths.ts';
import { type EndState, type HistoryLimits, noteEnded } from './ended-jobs.ts';
import { noteGivenBack, noteSetback } from './setback.ts';

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

/** How long an idle worker waits for a job in one blocking read, in seconds: well below a connection's timeout. */
const drainDelay = 2;

/**
 * A job during which so many workers died or froze is failed, as it may be what killed them. The watcher gives its fleet
 * another one, after ever longer pauses: it is still the fleet's last change.
 */
const maxDeaths = 2;

export interface RenderWorker {
  /** Undefined while jobs are taken. */
  problem(): string | undefined;
  /** Takes no new job; the active ones go on. */
  pause(): void;
  /** Takes jobs again. To be called as often as one likes. */
  resume(): void;
  /** Takes no new job and waits for the active ones, unless Redis is away. */
  close(): Promise<void>;
}

export interface RenderWorkerOptions {
  /** For blocking reads; BullMQ makes its own copies. */
  readonly connection: Redis;
  /** Whose jobs they are, for the history. */
  readonly name: string;
  readonly history?: HistoryLimits;
  /** Fleets rendered at the same time. */
  readonly concurrency: number;
  readonly render: (fleet: FleetName, job: { id: string; attempt: number }) => Promise<RenderResult>;
  /** Errors that no repetition mends (a bad template): the job fails at once. */
  readonly isFinal: (error: unknown) => boolean;
  /**
   * Errors that say nothing of the job, as another worker may do it: it goes back to the head of the queue as it was,
   * without an attempt less, and this worker takes no more until `resume`.
   */
  readonly givesBack?: (error: unknown) => boolean;
  /** What a failed attempt leaves in the history. */
  readonly setbackOf?: (error: unknown) => Omit<RenderSetback, 'since'> | undefined;
  /** The first error of an outage. */
  readonly onError: (error: Error) => void;
  /**
   * Told when a job is asked for, then, by what it gave back, whose it is (undefined: there is none): what the render
   * will need can be fetched meanwhile.
   */
  readonly onFetch?: () => (fleet: FleetName | undefined) => void;
}

const defaultHistory: HistoryLimits = { completed: 200, failed: 100 };

/** The receiving side: one active render for each fleet, as many fleets at once as `concurrency` says. */
export function createRenderWorker({
  connection,
  name,
  history = defaultHistory,
  concurrency,
  render,
  isFinal,
  givesBack = () => false,
  setbackOf = () => undefined,
  onError,
  onFetch,
}: RenderWorkerOptions): RenderWorker {
  let problem: string | undefined;
  // A class in here, as the constructor of BullMQ's begins to fetch before fields of another one are set.
  class FetchingWorker extends Worker<RenderSignal, RenderResult> {
    protected override async moveToActive(token: string, name?: string): Promise<Job<RenderSignal, RenderResult>> {
      // A read that waited for a job when the worker was paused: what it would bring is for another one.
      if (this.isPaused()) return undefined as unknown as Job<RenderSignal, RenderResult>;
      const tell = onFetch?.();
      let job: Job<RenderSignal, RenderResult> | undefined;
      try {
        job = await super.moveToActive(token, name);
        // Redis answered: whatever was wrong with a connection is over, also when there is no job.
        problem = undefined;
        return job;
      } finally {
        const signal = readValue(signalSchema, job?.data);
        tell?.(signal.ok ? signal.value.fleet : undefined);
      }
    }
  }
  const queue = new Queue<RenderSignal, RenderResult>(renderQueue.name, { connection, prefix: renderQueue.prefix });
  queue.on('error', () => undefined);
  /** Notes that are under way. */
  const open = new Set<Promise<unknown>>();
  const ended = (job: Job<RenderSignal, RenderResult> | undefined, state: EndState): void => {
    // A failed attempt that is followed by another is no end.
    if (job?.id === undefined || job.finishedOn === undefined) return;
    const signal = readValue(signalSchema, job.data);
    if (!signal.ok) return;
    const noting = noteEnded(connection, { id: job.id, fleet: signal.value.fleet, state }, history[state])
      .then((old) => Promise.all(old.map((id) => queue.remove(id))))
      // What stays for that goes by what BullMQ keeps of all fleets.
      .catch(() => undefined)
      .finally(() => open.delete(noting));
    open.add(noting);
  };
  const worker = new FetchingWorker(
    renderQueue.name,
    async (job) => {
      const signal = readValue(signalSchema, job.data);
      // A name that is none of a fleet's may lead anywhere.
      if (!signal.ok) throw new UnrecoverableError(`this is no job of Flotilla's: ${signal.reason}; remove it`);
      const { fleet } = signal.value;
      if (job.stalledCounter > 0) await noteTakenUp(connection, queue, job, name);
      const forget = noteIfLong(job, name);
      try {
        return await render(fleet, { id: job.id ?? '', attempt: job.attemptsMade + 1 });
      } catch (error) {
        if (givesBack(error)) {
          // Before the job is back, or this worker would be the next to take it.
          pause();
          await noteGivenBack(job, name, error);
          // BullMQ puts the job back for it, as often as that takes, and counts no attempt. The limit that it is meant
          // to go with is not set: that would hold up the other workers.
          throw Worker.RateLimitError();
        }
        await noteSetback(connection, queue, job, { name, error, setback: setbackOf(error) });
        if (isFinal(error)) throw new UnrecoverableError(error instanceof Error ? error.message : String(error));
        throw error;
      } finally {
        forget();
      }
    },
    {
      connection,
      prefix: renderQueue.prefix,
      name,
      concurrency,
      lockDuration: lockDurationMs,
      stalledInterval: stalledIntervalMs,
      runRetryDelay: runRetryDelayMs,
      drainDelay,
      maxStalledCount: maxDeaths - 1,
    },
  );
  worker.on('error', (error) => {
    // One outage is many errors, of each of BullMQ's connections at each attempt.
    const isNew = problem === undefined;
    problem = error.message;
    if (isNew) onError(error);
  });
  worker.on('completed', (job, { kind, revision, version }) => {
    const what = `${kind}: revision ${revision}${version === null ? '' : `, version ${version}`}`;
    job.log(`${new Date().toISOString()} done by ${name}: ${what}`).catch(() => undefined);
    ended(job, 'completed');
  });
  worker.on('failed', (job) => {
    ended(job, 'failed');
  });
  worker.on('ready', () => (problem = undefined));
  worker.on('active', () => (problem = undefined));
  const pause = (): void => {
    // It is paused when the call returns; what it waits for is nothing.
    void worker.pause(true);
  };
  const resume = (): void => {
    if (worker.isPaused() || !worker.isRunning()) void worker.resume();
  };
  const close = async (): Promise<void> => {
    // Without Redis no job can come to an end; waiting would only use up the time to end in. Another renderer does them.
    const isAway = connection.status !== 'ready';
    await worker.close(isAway);
    if (!isAway) await Promise.all(open);
    await queue.close();
  };
  return { problem: () => problem, pause, resume, close };
}
