import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script that Redis keeps by its digest; it is sent whole only when Redis does not have it. Replies are raw bytes. */
export interface RedisScript {
  /** `onSent` is told each time the script is on its way: what the connection is told next is carried out after it. */
  run(
    redis: Redis,
    keys: readonly string[],
    args: readonly (string | number | Buffer)[],
    onSent?: () => void,
  ): Promise<unknown>;
}

export function redisScript(source: string): RedisScript {
  const sha = createHash('sha1').update(source).digest('hex');
  return {
    async run(redis, keys, args, onSent) {
      const rest = [String(keys.length), ...keys, ...args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))];
      const send = (command: string, script: string): Promise<unknown> => {
        const reply = redis.callBuffer(command, script, ...rest);
        onSent?.();
        return reply;
      };
      try {
        return await send('EVALSHA', sha);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return await send('EVAL', source);
      }
    },
  };
}
