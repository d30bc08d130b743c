import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script that Redis keeps by its digest; it is sent whole only when Redis does not have it. Replies are raw bytes. */
export interface RedisScript {
  run(redis: Redis, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown>;
}

export function redisScript(source: string): RedisScript {
  const sha = createHash('sha1').update(source).digest('hex');
  return {
    async run(redis, keys, args) {
      const rest = [String(keys.length), ...keys, ...args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))];
      try {
        return await redis.callBuffer('EVALSHA', sha, ...rest);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await redis.callBuffer('EVAL', source, ...rest);
      }
    },
  };
}
