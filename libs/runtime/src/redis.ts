import { DeadlineError } from './deadline.ts';
import { FlotillaError, reasonOf } from '@flotilla/domain';
import { Redis, ReplyError } from 'ioredis';
import type { Logger } from './logger.ts';

/** How long a reconnect waits at most, so that an app is back within a second of Redis. */
const maxReconnectDelayMs = 1_000;

/**
 * A connection on which something was asked and nothing came for so long is half-open: open, but passing nothing. It is
 * closed, connected again, and asked again. It must be longer than every blocking command waits on its own: BullMQ's
 * BZPOPMIN and reads of streams 2 s.
 */
export const socketTimeoutMs = 12_000;

/** Options for every connection: a capped reconnect delay, and TLS by `rediss://`. BullMQ takes them too. */
const redisOptions = (name: string, socketTimeout = socketTimeoutMs) => ({
  connectionName: `flotilla-${name}`,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectDelayMs),
  keepAlive: 5_000,
  connectTimeout: 5_000,
  socketTimeout,
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
  options: {
    name: string;
    log: Logger;
    commandTimeoutMs?: number;
    blockingTimeoutMs?: number;
    socketTimeoutMs?: number;
  },
): Redis {
  const { name, log, commandTimeoutMs, blockingTimeoutMs } = options;
  const redis = new Redis(url.href, {
    ...redisOptions(name, options.socketTimeoutMs),
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

/** Whether the error is an answer: Redis said no, or what it holds cannot be used. Without one it could not be asked. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof ReplyError || (error instanceof FlotillaError && !(error instanceof DeadlineError));

/**
 * Connects anew when the server is a replica: the address may have moved. A connection that writes is told so by the
 * first write; this is for one that only reads.
 */
export async function leaveReplica(redis: Redis): Promise<void> {
  const about = await redis.call('HELLO').catch((error: unknown) => {
    // It need not be allowed.
    if (!isAnswer(error)) throw error;
  });
  if (Array.isArray(about) && about[about.indexOf('role') + 1] === 'replica') redis.disconnect(true);
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
      // One that cannot write to its disk refuses even this question.
      problem = `Redis ${isAnswer(error) ? 'refuses to work' : 'does not answer'}: ${reasonOf(error)}`;
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
