import { setTimeout as sleep } from 'node:timers/promises';
import { aheadPurpose, newEpoch, parseAhead, version } from '@flotilla/domain';
import { cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import type { Redis } from 'ioredis';
import { afterEach, expect, test } from 'vitest';
import { beginLife, follow, keys, openFleet, publication, release, sealer, texts } from './fleet.ts';

afterEach(async () => {
  await release();
  await cleanUp();
});
const startFleet = async () => openFleet(await startRedis());

type Followed = ReturnType<typeof follow>;
const until = (what: string, condition: () => unknown) => waitFor(() => Boolean(condition()), { what });
const has = (followed: Followed, a: string) =>
  until(`"${a}"`, () => followed.seen.length > 0 && texts(followed.last()!)['a'] === a);
const waits = ({ problems }: Followed, offered: number, had: number) =>
  until(`the wait with version ${had}`, () =>
    problems.at(-1)?.startsWith(`Redis was set back: it offers version ${offered}, and this node had version ${had}`),
  );
/** Longer than a follower takes to look at what Redis says. */
const someLooks = () => sleep(600);

/** What Redis holds; the function puts it back to that. */
async function snapshot(redis: Redis): Promise<() => Promise<void>> {
  const dump = await Promise.all(Object.values(keys).map(async (key) => [key, await redis.dumpBuffer(key)] as const));
  return async () => {
    const change = redis.multi().flushall();
    for (const [key, bytes] of dump) if (bytes) change.restore(key, 0, bytes);
    await change.exec();
  };
}

test('nobody goes back with a Redis that lost the last version, and everybody goes on with the next life', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const setBack = await snapshot(redis);
  await publish(publication(life, 2, { a: '2' }));
  const followed = follow(server);
  await has(followed, '2');
  await setBack();
  await waits(followed, 1, 2);
  // The watcher is told, sealed.
  const word = sealer.open((await redis.getBuffer(keys.ahead))!, aheadPurpose).toString();
  expect(parseAhead(word)).toMatchObject({ epoch: life, version: 2 });
  // The number that was lost is given again, to something else.
  await publisher().publish(publication(life, 2, { a: 'other' }));
  await waits(followed, 2, 2);
  await redis.hset(keys.meta, 'epoch', newEpoch([life]), 'revision', 1);
  await until('the wait for its first version', () => followed.problems.at(-1)?.includes('no published version yet'));
  const next = (await redis.hget(keys.meta, 'epoch')) as typeof life;
  await publisher().publish(publication(next, 1, { a: '3' }));
  await has(followed, '3');
  expect(followed.seen.map(({ files }) => files.get('a')?.toString())).toEqual(['2', '3']);
  expect(followed.problems.at(-1)).toBeUndefined();
});

test('nobody goes back to an earlier life of the data, whatever its numbers are', async () => {
  const { server, redis, life, publisher } = await startFleet();
  for (const count of [1, 2, 3]) await publisher().publish(publication(life, count, { a: `${count}` }));
  const setBack = await snapshot(redis);
  const next = await beginLife(redis);
  await publisher().publish(publication(next, 1, { a: 'next' }));
  const followed = follow(server);
  await has(followed, 'next');
  await setBack();
  await waits(followed, 3, 1);
  await publisher().publish(publication(life, 4, { a: '4' }));
  await waits(followed, 4, 1);
  expect(followed.seen).toHaveLength(1);
});

test('a life that goes on past what was lost is followed', async () => {
  const { server, redis, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1' }));
  const setBack = await snapshot(redis);
  await publisher().publish(publication(life, 2, { a: '2' }));
  const followed = follow(server);
  await has(followed, '2');
  await setBack();
  for (const count of [2, 3]) await publisher().publish(publication(life, count, { a: `${count} again` }));
  await has(followed, '3 again');
});

test('the same content under a lower number is no way back, and what is built on it is none either', async () => {
  const { server, redis, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1' }));
  const setBack = await snapshot(redis);
  await publisher().publish(publication(life, 2, { a: '2' }));
  await publisher().publish(publication(life, 3, { a: '1' }));
  const followed = follow(server);
  await has(followed, '1');
  await setBack();
  await someLooks();
  expect(followed.problems.at(-1)).toBeUndefined();
  // Its delta would fit what the follower holds.
  await publisher().publish(publication(life, 2, { a: 'older' }));
  await waits(followed, 2, 3);
  expect(followed.seen).toHaveLength(1);
});

test('a follower that is started again begins with what it had, or with what it refused after that', async () => {
  const { server, redis, life, publisher, reader } = await startFleet();
  for (const count of [1, 2, 3]) await publisher().publish(publication(life, count, { a: `${count}` }));
  const [first, second, third] = await Promise.all([1, 2, 3].map((one) => reader.readArtifact(version(one))));
  const setBack = await snapshot(redis);
  for (const count of [4, 5]) await publisher().publish(publication(life, count, { a: `${count}` }));
  const fifth = await reader.readArtifact(version(5));
  await setBack();
  const ahead = follow(server, { loaded: fifth });
  const refused = follow(server, { loaded: second!, newest: fifth.manifest });
  const edited = follow(server, { newest: fifth.manifest });
  await waits(ahead, 3, 5);
  await waits(refused, 3, 5);
  await waits(edited, 3, 5);
  // What is not ahead, or has nothing, takes what is there.
  const [late, empty] = [follow(server, { loaded: first! }), follow(server)];
  await has(late, '3');
  await has(empty, '3');
  await has(follow(server, { loaded: third! }), '3');
  expect([ahead, refused, edited].flatMap(({ seen }) => seen)).toEqual([]);
});

test('an operator may say that the older version is wanted; it is said of what is offered then', async () => {
  const { server, redis, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1' }));
  const setBack = await snapshot(redis);
  await publisher().publish(publication(life, 2, { a: '2' }));
  let isWanted = true;
  const wantsOlder = () => {
    const wanted = isWanted;
    isWanted = false;
    return wanted;
  };
  const followed = follow(server, { wantsOlder });
  await has(followed, '2');
  // It was said while nothing older was offered, and is over.
  expect(isWanted).toBe(false);
  await setBack();
  await waits(followed, 1, 2);
  isWanted = true;
  await has(followed, '1');
  expect(followed.problems.at(-1)).toBeUndefined();
});

test('data of an earlier release, whose lives have no order, are followed as ever', async () => {
  const { server, redis, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1' }));
  const followed = follow(server);
  await has(followed, '1');
  await redis.flushall();
  await redis.hset(keys.meta, 'epoch', 'Zk3-_a', 'revision', 1);
  await publisher().publish(publication('Zk3-_a' as typeof life, 1, { a: 'old' }));
  await has(followed, 'old');
});
