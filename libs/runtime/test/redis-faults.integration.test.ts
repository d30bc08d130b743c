import { type RedisServer, type TcpProxy, cleanUp, startRedis, tcpProxy, waitFor } from '@flotilla/testkit';
import type { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectRedis, createLogger, watchRedis } from '../src/index.ts';

let server: RedisServer;
let proxy: TcpProxy;
const open: Redis[] = [];

beforeEach(async () => {
  server = await startRedis();
  proxy = await tcpProxy(server.port);
});
afterEach(async () => {
  for (const redis of open.splice(0)) redis.disconnect();
  await cleanUp();
});

function connect(socketTimeoutMs = 1_500): Redis {
  const log = createLogger({ app: 'test', level: 'fatal' });
  const redis = connectRedis(new URL(`redis://127.0.0.1:${proxy.port}`), { name: 'test', log, socketTimeoutMs });
  open.push(redis);
  return redis;
}

describe('a connection that passes nothing', () => {
  it('is given up, and what was asked is asked again', async () => {
    const redis = connect();
    await redis.set('a', '1');
    proxy.freeze();
    expect(await redis.get('a')).toBe('1');
  });

  it('is given up during a blocking read too', async () => {
    const redis = connect();
    const before = await redis.xadd('feed', '*', 'a', '1');
    const read = redis.xread('BLOCK', 500, 'STREAMS', 'feed', before ?? '0');
    proxy.freeze();
    const other = connect();
    await other.xadd('feed', '*', 'b', '2');
    expect((await read)?.[0]?.[1][0]?.[1]).toEqual(['b', '2']);
  });

  it('is no reason to be ready, though it is open, until Redis answers again', async () => {
    const redis = connect(7_000);
    const liveness = watchRedis(redis);
    await waitFor(() => liveness.problem() === undefined, { what: 'the first answer' });
    proxy.freeze();
    await waitFor(() => liveness.problem() !== undefined, { what: 'the problem', deadlineMs: 30_000 });
    expect(redis.status).toBe('ready');
    await waitFor(() => liveness.problem() === undefined, { what: 'an answer again', deadlineMs: 30_000 });
    liveness.close();
  });
});

it('an address that moved is connected to anew when the old primary takes no writes any more', async () => {
  const redis = connect();
  await redis.set('a', '1');
  const next = await startRedis();
  const direct = server;
  proxy.pointTo(next.port);
  const control = connectRedis(new URL(direct.url), {
    name: 'control',
    log: createLogger({ app: 'test', level: 'fatal' }),
  });
  open.push(control);
  await control.replicaof('127.0.0.1', next.port);
  await expect(redis.set('a', '2')).rejects.toThrow(/^READONLY/);
  expect(await redis.set('a', '3')).toBe('OK');
});
