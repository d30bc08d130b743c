import type { Redis } from 'ioredis';
import type { InputField } from '@flotilla/domain';

const bytesPerCall = 1024 * 1024;
/** A staged hash whose writer ended before it was taken over goes away by itself. */
const stagedForMs = 60_000;

/** Puts fields into a hash of their own in chunks. It may be done again: the fields are the same. */
export async function sendStaged(redis: Redis, key: string, fields: ReadonlyMap<InputField, Buffer>): Promise<void> {
  let chunk: (string | Buffer)[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (chunk.length > 0)
      await redis
        .multi()
        .hset(key, ...chunk)
        .pexpire(key, stagedForMs)
        .exec();
    chunk = [];
    bytes = 0;
  };
  for (const [field, value] of fields) {
    chunk.push(field, value);
    bytes += field.length + value.length;
    if (bytes >= bytesPerCall) await flush();
  }
  await flush();
}
