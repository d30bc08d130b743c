import { FlotillaError, reasonOf } from '@flotilla/domain';
import { isAnswer, withDeadline } from '@flotilla/runtime';
import { Redis } from 'ioredis';
import { RedisUnavailableError } from './failure.ts';

const connectMs = 5_000;
const commandMs = 10_000;
const answerMs = 2_000;

/**
 * Gives a connection that is ready, and always lets go of it. Somebody waits at a terminal: it is tried once.
 * Throws `RedisUnavailableError` when it cannot be had or is lost in between.
 */
export async function withRedis<Result>(url: URL, use: (redis: Redis) => Promise<Result>): Promise<Result> {
  let trouble: unknown;
  const redis = new Redis(url.href, {
    connectionName: 'flotilla-cli',
    lazyConnect: true,
    connectTimeout: connectMs,
    commandTimeout: commandMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  }).on('error', (error) => (trouble = error));
  try {
    await withDeadline(redis.connect(), connectMs, 'connecting').catch((error: unknown) => {
      // The connection's own error says more than that it is closed.
      throw new RedisUnavailableError(url, reasonOf(trouble ?? error), error);
    });
    return await use(redis);
  } catch (error) {
    if (error instanceof FlotillaError) throw error;
    // Redis said no (the user may not do it, or it loads its data), or it does not say anything any more.
    if (isAnswer(error) || !(await doesAnswer(redis))) throw new RedisUnavailableError(url, reasonOf(error), error);
    throw error;
  } finally {
    redis.disconnect();
  }
}

const doesAnswer = (redis: Redis): Promise<boolean> =>
  withDeadline(redis.ping(), answerMs, 'an answer').then(
    () => true,
    () => false,
  );
