import type { Redis } from 'ioredis';
import { type Term, leaderKeys, reasonOf, term } from '@flotilla/domain';
import { type Logger, pause, redisScript, withDeadline } from '@flotilla/runtime';
import acquireSource from './acquire.lua';
import renewSource from './renew.lua';

/**
 * One watcher's part in the election.
 *
 * ```
 * standing by ──acquired──▶ leading ──renewed──▶ leading
 *      ▲                       │
 *      └── lease ran out, another leads, outranked, store lost ──┘
 * ```
 *
 * The lease is counted from before the renewal was asked for, so it never ends later here than in Redis. It only
 * saves work: what keeps a late leader's writes out is the term.
 */
export interface Leadership {
  /** The term while this watcher leads. */
  readonly term: Term | undefined;
  /** A fleet knows a higher term: gives the lead up and takes it again, if nobody else does, above that term. */
  outranked(by: Term): void;
  /** Gives the lead up, so that another one has it at once. */
  close(): Promise<void>;
}

export interface LeadershipOptions {
  /** A connection of its own: a long script on a shared one must not hold a renewal up. */
  readonly redis: Redis;
  /** Unique among the watchers. */
  readonly id: string;
  /** How long a leader leads without a renewal, and another one waits when it dies. Default 5,000 ms. */
  readonly leaseMs?: number;
  /** How often a leader renews and another one tries. Default 1,000 ms. */
  readonly everyMs?: number;
  /** Whether this watcher knows the present state. One that does not neither takes the lead nor keeps it for long. */
  readonly isCurrent?: () => boolean;
  readonly onGained: (term: Term) => void;
  readonly onLost: (reason: string) => void;
  readonly log: Logger;
}

/** The id of the watcher that leads; null when none does. */
export const readLeader = (redis: Redis): Promise<string | null> => redis.get(leaderKeys.lock);

const acquireScript = redisScript(acquireSource);
const renewScript = redisScript(renewSource);

export function createLeadership(options: LeadershipOptions): Leadership {
  const { redis, id, leaseMs = 5_000, everyMs = 1_000, isCurrent = () => true, onGained, onLost, log } = options;
  const ending = new AbortController();
  let held: Term | undefined;
  let above = term(0);
  let currentAt = -Infinity;
  let leaseEnds: NodeJS.Timeout | undefined;

  const lose = (reason: string): void => {
    clearTimeout(leaseEnds);
    if (held === undefined) return;
    held = undefined;
    onLost(reason);
  };
  const hold = (since: number): void => {
    clearTimeout(leaseEnds);
    const leftMs = Math.max(0, since + leaseMs - performance.now());
    leaseEnds = setTimeout(lose, leftMs, 'the lease was not renewed in time');
  };

  const turn = async (): Promise<void> => {
    const since = performance.now();
    if (isCurrent()) currentAt = since;
    if (held !== undefined && since - currentAt > leaseMs) {
      lose('this watcher cannot follow the store; another one may');
      await release();
    } else if (held !== undefined) {
      const renewed = await ask(renewScript.run(redis, [leaderKeys.lock], [id, leaseMs]));
      if (Number(renewed) === 1) hold(since);
      else lose('another watcher took the lead, or Redis lost it');
    } else if (currentAt === since) {
      const keys = [leaderKeys.lock, leaderKeys.term];
      const gained = await ask(acquireScript.run(redis, keys, [id, leaseMs, above]));
      if (gained === null || ending.signal.aborted) return;
      held = term(Number(gained));
      hold(since);
      onGained(held);
    }
  };
  const ask = <Reply>(work: Promise<Reply>): Promise<Reply> =>
    withDeadline(work, leaseMs, 'asking Redis about the lead', ending.signal);

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const before = held;
      try {
        await turn();
      } catch (error) {
        if (!ending.signal.aborted) log.debug({ reason: reasonOf(error) }, 'the election waits for Redis');
      }
      // Whoever lost the lead tries again at once: mostly Redis lost its data and nobody leads.
      if (before === undefined || held !== undefined) await pause(everyMs, ending.signal);
    }
  };
  const running = run();

  const release = async (): Promise<void> => {
    await withDeadline(renewScript.run(redis, [leaderKeys.lock], [id, 0]), everyMs, 'giving the lead up').catch(
      (error: unknown) => {
        log.debug({ reason: reasonOf(error) }, 'the lead could not be given up; it runs out by itself');
      },
    );
  };

  return {
    get term() {
      return held;
    },
    outranked(by) {
      if (by > above) above = by;
      lose(`a fleet knows the higher term ${by}`);
      void release();
    },
    async close() {
      const led = held !== undefined;
      ending.abort(new Error('the election ended'));
      await running;
      lose('this watcher ends');
      if (led) await release();
    },
  };
}
