import { Redis } from 'ioredis';
import type { Logger } from './logger.ts';

/** How long a reconnect waits at most, so that an app is back within a second of Redis. */
const maxReconnectDelayMs = 1_000;

/** Options for every connection: a capped reconnect delay, and TLS by `rediss://`. BullMQ takes them too. */
export const redisOptions = (name: string) => ({
  connectionName: `flotilla-${name}`,
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 10), maxReconnectDelayMs),
  // A server that stopped answering without closing the connection must not hold it for ever.
  keepAlive: 5_000,
  connectTimeout: 5_000,
});

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
