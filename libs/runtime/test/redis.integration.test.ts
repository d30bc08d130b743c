import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type RedisServer, cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectRedis, createLogger, redisScript, watchRedis } from '../src/index.ts';

let server: RedisServer;
let lines: { level: string; msg: string }[];
const open: Redis[] = [];

beforeEach(async () => {
  server = await startRedis({ persist: true });
  lines = [];
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.disconnect();
  await cleanUp();
});

function connect(options: { commandTimeoutMs?: number; blockingTimeoutMs?: number } = {}): Redis {
  const write = (line: string) => lines.push(JSON.parse(line) as { level: string; msg: string });
  const log = createLogger({ app: 'test', level: 'info', destination: { write } });
  const redis = connectRedis(new URL(server.url), { name: 'test', log, ...options });
  open.push(redis);
  return redis;
}

describe('a connection', () => {
  it('outlives a restart: what is asked meanwhile waits, and the outage is logged once', async () => {
    const redis = connect();
    await redis.set('a', '1');
    await server.kill();
    const answer = redis.get('a');
    await waitFor(() => lines.length > 0, { what: 'the warning' });
    // Several attempts to connect must fail without another line.
    let attempts = 0;
    redis.on('reconnecting', () => attempts++);
    await waitFor(() => attempts >= 3, { what: 'three attempts' });
    await server.restart();
    expect(await answer).toBe('1');
    await waitFor(() => lines.length >= 2, { what: 'the line that it is back' });
    expect(lines.map(({ level, msg }) => `${level}: ${msg}`)).toEqual([
      'warn: Redis cannot be reached; trying again',
      'info: Redis is back',
    ]);
  });

  it('gives a command up after its timeout when the server is frozen', async () => {
    const redis = connect({ commandTimeoutMs: 200 });
    await redis.ping();
    await server.kill('SIGSTOP');
    await expect(redis.get('a')).rejects.toThrow(/timed out/);
    await server.kill('SIGCONT');
  });

  it('gives a blocking read up when the server is frozen', async () => {
    const redis = connect({ blockingTimeoutMs: 200 });
    await redis.ping();
    await server.kill('SIGSTOP');
    expect(await redis.xread('BLOCK', 100, 'STREAMS', 'feed', '$')).toBeNull();
    await server.kill('SIGCONT');
  });
});

describe('the sign of life', () => {
  it('is not taken for silence when Redis refuses to work, and ends when it does no more', async () => {
    const redis = connect();
    // The snapshot cannot be written where a folder stands in its way.
    const [, dir] = (await redis.config('GET', 'dir')) as [string, string];
    const obstacle = join(dir, 'dump.rdb');
    mkdirSync(join(obstacle, 'full'), { recursive: true });
    await redis.config('SET', 'save', '3600 1');
    await redis.bgsave();
    const state = async () => /rdb_last_bgsave_status:(\w+)/.exec(await redis.info('persistence'))?.[1];
    await waitFor(async () => (await state()) === 'err', { what: 'the snapshot to fail' });
    const liveness = watchRedis(redis);
    await waitFor(() => liveness.problem()?.startsWith('Redis refuses to work: MISCONF '), { what: 'its words' });
    rmSync(obstacle, { recursive: true });
    await redis.bgsave();
    await waitFor(() => liveness.problem() === undefined, { what: 'all to be well' });
    liveness.close();
  });
});

describe('a script', () => {
  const script = redisScript("redis.call('SET', KEYS[1], ARGV[1]) return {ARGV[1], tonumber(ARGV[2]) + 1}");

  it('runs by its digest, is sent again after Redis forgot it, and keeps bytes as they are', async () => {
    const redis = connect();
    const bytes = Buffer.from([0, 255, 128]);
    expect(await script.run(redis, ['k'], [bytes, 1])).toEqual([bytes, 2]);
    await redis.script('FLUSH');
    expect(await script.run(redis, ['k'], [bytes, 2])).toEqual([bytes, 3]);
    expect(await redis.getBuffer('k')).toEqual(bytes);
  });

  it('passes the error of Redis on', async () => {
    await expect(script.run(connect(), ['k'], ['v', 'no number'])).rejects.toThrow(/arithmetic/);
  });
});
