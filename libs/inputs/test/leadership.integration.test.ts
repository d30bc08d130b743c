import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Term, leaderKeys, term } from '@flotilla/domain';
import { createLogger } from '@flotilla/runtime';
import { type RedisServer, cleanUp, onCleanup, startRedis, waitFor } from '@flotilla/testkit';
import { type Leadership, createLeadership } from '../src/index.ts';
import { connect, disconnect } from './redis.ts';

const log = createLogger({ app: 'test', level: 'silent' });
let server: RedisServer;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(async () => {
  await cleanUp();
  disconnect();
});

interface Candidate {
  readonly leadership: Leadership;
  readonly told: (Term | 'lost')[];
}

function candidate(id: string, isCurrent = () => true): Candidate {
  const told: (Term | 'lost')[] = [];
  const leadership = createLeadership({
    redis: connect(server.url),
    id,
    leaseMs: 600,
    everyMs: 50,
    isCurrent,
    onGained: (given) => told.push(given),
    onLost: () => told.push('lost'),
    log,
  });
  onCleanup(() => leadership.close());
  return { leadership, told };
}
const leads = (one: Candidate) => waitFor(() => one.leadership.term, { what: 'the lead' });
const lost = (one: Candidate) => waitFor(() => one.told.includes('lost'), { what: 'the loss of the lead' });

it('lets one lead and the next one take over at once when it ends', async () => {
  const first = candidate('a');
  expect(await leads(first)).toBe(1);
  const second = candidate('b');
  await first.leadership.close();
  expect(await leads(second)).toBe(2);
  expect(first.told).toEqual([1, 'lost']);
});

it('keeps the lead as long as it is renewed', async () => {
  const first = candidate('a');
  await leads(first);
  const second = candidate('b');
  const redis = connect(server.url);
  await waitFor(async () => (await redis.pttl(leaderKeys.lock)) < 560, { what: 'the lease to run' });
  await waitFor(async () => (await redis.pttl(leaderKeys.lock)) > 570, { what: 'a renewal', everyMs: 1 });
  expect(second.leadership.term).toBeUndefined();
  expect(first.told).toEqual([1]);
});

it('stops leading while Redis does not answer, and leads under a higher term afterwards', async () => {
  const first = candidate('a');
  await leads(first);
  await server.kill('SIGSTOP');
  await lost(first);
  await server.kill('SIGCONT');
  expect(await leads(first)).toBeGreaterThan(1);
});

it('leads again after Redis lost its data', async () => {
  const first = candidate('a');
  await leads(first);
  await server.flush();
  await lost(first);
  expect(await leads(first)).toBe(1);
});

it('rises above a term that a fleet knows', async () => {
  const first = candidate('a');
  await leads(first);
  first.leadership.outranked(term(41));
  expect(first.told).toEqual([1, 'lost']);
  expect(await leads(first)).toBe(42);
});

it('leaves the lead to a watcher that follows the store', async () => {
  let isCurrent = true;
  const first = candidate('a', () => isCurrent);
  await leads(first);
  const second = candidate('b');
  isCurrent = false;
  expect(await leads(second)).toBe(2);
  expect(first.told).toEqual([1, 'lost']);
});
