import type { Redis } from 'ioredis';

/** About as many fields a call: at 3 KB a pod some 800 KB, so that no other client of Redis waits for long. */
const fieldsPerCall = 256;

/** Every field of a hash in chunks. A field that changes meanwhile may come in either state, or twice. */
export async function* scanFields(
  redis: Redis,
  key: string,
  pattern = '*',
  /** More where few fields fit the pattern. */
  count = fieldsPerCall,
): AsyncGenerator<[string, Buffer]> {
  let cursor = '0';
  do {
    const [next, page] = await redis.hscanBuffer(key, cursor, 'MATCH', pattern, 'COUNT', count);
    for (let at = 0; at + 1 < page.length; at += 2) {
      const [field, value] = [page[at], page[at + 1]];
      if (field && value) yield [field.toString(), value];
    }
    cursor = next.toString();
  } while (cursor !== '0');
}
