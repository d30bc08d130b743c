import { Redis } from 'ioredis';
import type { Logger } from './logger.ts';

/** How long a reconnect waits at most, so that an app is back within a second of Redis. */
const maxReconnectDelayMs = 1_000;

/**
 * A connection on which something was asked and nothing came for so long is half-open: open, but passing nothing. It is
 * closed, connected again, and asked again. It must be longer than every blocking command waits on its own: BullMQ's
 * BZPOPMIN up to 10 s, reads of streams 2 s.
 */
export const socketTimeoutMs = 12_000;

/** Options for every connection: a capped reconnect delay, and TLS by `rediss://`. BullMQ takes them too. */
export const redisOptions = (name: string) => ({
  connectionName: `flotilla-${name}`,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectDelayMs),
  keepAlive: 5_000,
  connectTimeout: 5_000,
  socketTimeout: socketTimeoutMs,
  // The address may have moved while the old primary lives on as a replica. The command fails; whoever sent it tries again.
  reconnectOnError: isOfReplica,
});

/** The first word of an error is Redis' code: the server takes no writes, or has just become a replica. */
function isOfReplica(error: Error): boolean {
  return /^(?:READONLY|UNBLOCKED) /.test(error.message);
}

/**
 * A connection that outlives outages: commands sent meanwhile wait (`maxRetriesPerRequest: null`), unless
 * `commandTimeoutMs` is given. A connection for blocking reads says so by `blockingTimeoutMs`: ioredis gives up a
 * blocking command that much after its own timeout, as a frozen server would hang it for ever.
 */
export function connectRedis(
  url: URL,
  options: { name: string; log: Logger; commandTimeoutMs?: number; blockingTimeoutMs?: number },
): Redis {
  const { name, log, commandTimeoutMs, blockingTimeoutMs } = options;
  const redis = new Redis(url.href, {
    ...redisOptions(name),
    maxRetriesPerRequest: null,
    ...(commandTimeoutMs !== undefined && { commandTimeout: commandTimeoutMs }),
    ...(blockingTimeoutMs !== undefined && { blockingTimeout: blockingTimeoutMs }),
  });
  let lost = false;
  redis.on('error', (error: Error) => {
    if (!lost) log.warn({ connection: name, reason: error.message }, 'Redis cannot be reached; trying again');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info({ connection: name }, 'Redis is back');
    lost = false;
  });
  return redis;
}

/** How often a connection that is looked after is asked for a sign of life, and how old the last one may be. */
const askEveryMs = 2_000;
const answerMs = 5_000;

export interface Liveness {
  /** Undefined while the last question was answered in time, else why not: a connection can be open and dead. */
  problem(): string | undefined;
  close(): void;
}

/** Asks a connection all the time whether Redis answers. */
export function watchRedis(redis: Redis): Liveness {
  let askedAt: number | undefined = performance.now();
  let problem: string | undefined = 'Redis has not answered yet';
  const ask = async (): Promise<void> => {
    askedAt = performance.now();
    try {
      await redis.ping();
      problem = undefined;
    } catch (error) {
      problem = `Redis does not answer: ${error instanceof Error ? error.message : String(error)}`;
    }
    askedAt = undefined;
  };
  const onClose = (): void => {
    problem = 'Redis is not connected';
  };
  redis.on('close', onClose);
  void ask();
  const timer = setInterval(() => {
    if (askedAt === undefined) void ask();
  }, askEveryMs);
  timer.unref();
  return {
    problem: () => {
      if (askedAt === undefined || performance.now() - askedAt <= answerMs) return problem;
      return `Redis has not answered for ${Math.round((performance.now() - askedAt) / 1_000)} s`;
    },
    close: () => {
      clearInterval(timer);
      redis.off('close', onClose);
    },
  };
}
