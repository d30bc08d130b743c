import { type AppReport, Cluster, type FleetName, type Source, createSealer, reasonOf } from '@flotilla/domain';
import { createInputsWriter, createLeadership, dropReleases, readProgress, readReleases } from '@flotilla/inputs';
import { createSignals } from '@flotilla/queue';
import {
  type Check,
  type Logger,
  type ReleaseStack,
  type connectRedis,
  isAnswer,
  newInstance,
  watchRedis,
} from '@flotilla/runtime';
import { FleetWriting } from './fleet-writing.ts';
import { follow } from './follow.ts';
import { observe } from './observe.ts';
import { ProblemLog } from './problem-log.ts';
import { Reconciler, reconcile } from './reconcile.ts';
import { Signalling } from './signalling.ts';
import type { WatcherMetrics } from './watcher-metrics.ts';

type Redis = ReturnType<typeof connectRedis>;

export interface WatchOptions {
  readonly source: Source;
  readonly fleets: readonly FleetName[];
  readonly masterKey: Buffer;
  /** For inputs, signals and reconciling: a signal that follows its write on one connection arrives after it. */
  readonly redis: Redis;
  /** For the election alone. */
  readonly electionRedis: Redis;
  readonly metrics: WatcherMetrics;
  readonly log: Logger;
  readonly releases: ReleaseStack;
  readonly fail: (error: unknown) => void;
  readonly leaseMs: number;
  /** How long what was deleted serves on. */
  readonly graceMs: number;
  /** This process' name in the election; another one unless given. */
  readonly instance?: string;
  readonly checkEveryMs?: number;
  readonly reconcileEveryMs?: number;
}

export interface Watch {
  /** Whether the process can do its work. */
  readonly checks: Readonly<Record<string, Check>>;
  /** What it cannot do for one fleet; empty while another watcher leads. */
  readonly fleetTrouble: () => AppReport['fleetTrouble'];
}

/** Joins the parts of a watcher and sets them going. What it starts is on the release stack. */
export function watch(options: WatchOptions): Watch {
  const { source, fleets, redis, metrics, log, releases, fail } = options;
  const liveness = releases.add(watchRedis(redis), 'sign of life of Redis', (open) => {
    open.close();
  });
  const signals = releases.add(createSignals({ connection: redis }), 'queue', (open) => open.close());
  const cluster = new Cluster(fleets, {
    graceMs: options.graceMs,
    comesBefore: (a, b) => source.comesBefore(a, b),
  });
  const ending = new AbortController();
  const watched = fleets.map((fleet) => watchFleet(fleet));
  const wakeAll = (): void => {
    for (const { writing } of watched) writing.wake();
  };

  const following = follow(source, cluster, {
    signal: ending.signal,
    onEvent: (event) => {
      metrics.event(event);
      metrics.source(source.status);
      for (const { fleet, writing, changed } of watched) {
        // A fleet that is held waits for the store to be silent, so every change counts.
        if (!cluster.hasChanges(fleet) && !cluster.hold(fleet)) continue;
        changed();
        writing.wake();
      }
    },
  });
  const leadership = createLeadership({
    redis: options.electionRedis,
    id: options.instance ?? newInstance().id,
    leaseMs: options.leaseMs,
    everyMs: options.leaseMs / 5,
    isCurrent: () => following.isCurrent(),
    onGained: (term) => {
      log.info({ term }, 'leading');
      metrics.leading(true);
      wakeAll();
    },
    onLost: (reason) => {
      log.warn({ reason }, 'standing by');
      metrics.leading(false);
      wakeAll();
    },
    log,
  });
  metrics.leading(false);

  const work = [
    following.ended,
    ...watched.map(({ writing }) => writing.run(ending.signal)),
    reconcile(
      watched.map(({ reconciler }) => reconciler),
      {
        isLeading: () => leadership.term !== undefined,
        signal: ending.signal,
        ...(options.reconcileEveryMs !== undefined && { everyMs: options.reconcileEveryMs }),
      },
    ),
  ];
  work.push(observe(fleets, { redis, signals, metrics, log, signal: ending.signal }));
  for (const each of work) each.catch(fail);
  const statusTimer = setInterval(() => {
    metrics.source(source.status);
  }, 1_000);

  releases.add(leadership, 'election', (open) => open.close());
  releases.add(ending, 'following', async () => {
    clearInterval(statusTimer);
    ending.abort(new Error('the watcher ends'));
    // A write that waits for Redis ends with the connection, which is closed next.
    await Promise.race([Promise.allSettled(work), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  });

  const checks = {
    source: () => (following.isCurrent() ? undefined : (source.status.problem ?? 'the first state is being read')),
    redis: () => {
      const problem = liveness.problem();
      return problem === undefined ? undefined : `${problem}; the last inputs stay there`;
    },
  };
  const fleetTrouble = () => {
    const late = leadership.term === undefined ? [] : watched;
    return Object.fromEntries(
      late.flatMap(({ fleet, problem }) => {
        const found = problem();
        return found === undefined ? [] : [[fleet, found]];
      }),
    );
  };
  return { checks, fleetTrouble };

  function watchFleet(fleet: FleetName) {
    const problems = new ProblemLog(fleet, log);
    /** Why the fleet has no render job for what was written. */
    let jobless: string | undefined;
    const tellJob = (error?: unknown): void => {
      const known = jobless;
      jobless = error === undefined ? undefined : `the render job cannot be added: ${reasonOf(error)}`;
      // Of an outage of Redis its connection tells, and each attempt fails in other words.
      if (known === undefined && jobless !== undefined && isAnswer(error))
        log.warn({ fleet, reason: reasonOf(error) }, 'the render job cannot be added; trying again');
    };
    const signalling = new Signalling(fleet, signals, tellJob);
    /** When the oldest change came that is not written yet. */
    let changedAt: number | undefined;
    const writing = new FleetWriting({
      fleet,
      cluster,
      writer: createInputsWriter({ redis, fleet, sealer: createSealer(options.masterKey, fleet) }),
      term: () => leadership.term,
      sourcePosition: () => following.position,
      newest: () => source.status.position,
      isCurrent: () => following.isCurrent(),
      // The signal follows the write on the same connection. A write that is refused costs a job that finds nothing new.
      onSent: (revision) => {
        signalling.send(revision);
      },
      onWritten: (written) => {
        metrics.written(fleet, written, changedAt === undefined ? written.tookMs : performance.now() - changedAt);
        changedAt = cluster.hasChanges(fleet) ? performance.now() - written.tookMs : undefined;
        if (written.touchesNotes) tellProblems();
        log.debug({ fleet, ...written.position, fields: written.fields, tookMs: written.tookMs }, 'written');
      },
      onTakenOver: () => {
        changedAt = undefined;
        tellProblems();
      },
      onFenced: (by) => {
        leadership.outranked(by);
      },
      releases: () => readReleases(redis, fleet),
      onReleased: (fields) => dropReleases(redis, fleet, fields),
      ...(options.checkEveryMs !== undefined && { checkEveryMs: options.checkEveryMs }),
      onFailed: () => {
        metrics.failed(fleet);
      },
      log,
    });
    const reconciler = new Reconciler({
      fleet,
      progress: () => readProgress(redis, fleet),
      signals,
      onRevived: () => {
        metrics.revived(fleet);
      },
      onPass: tellJob,
      log,
    });
    const tellProblems = (): void => {
      metrics.problems(fleet, problems.update(cluster.allFields(fleet)));
    };
    const changed = (): void => {
      if (writing.isFollowing) changedAt ??= performance.now();
    };
    const problem = (): string | undefined =>
      writing.problem ?? (writing.isFollowing ? jobless : 'being compared with Redis');
    return { fleet, writing, reconciler, changed, problem };
  }
}
