import { afterEach, expect, test } from 'vitest';
import { cleanUp, startRedis, waitFor } from '@flotilla/testkit';
import { version } from '@flotilla/domain';
import { endHold, holdFleet } from '../src/index.ts';
import { beginLife, fleet, follow, keys, openFleet, publication, release, texts } from './fleet.ts';

afterEach(async () => {
  await release();
  await cleanUp();
});
const startFleet = async () => openFleet(await startRedis());

const until = (what: string, condition: () => unknown) => waitFor(() => Boolean(condition()), { what });

test('while the fleet is held, versions are published and checked and reach nobody; afterwards the newest does', async () => {
  const { server, redis, life, publisher, checked, reader } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const { seen, problems } = follow(server);
  await until('version 1', () => seen.length === 1);
  await holdFleet(redis, fleet, 'a look at it first');
  // By another renderer, too, which knows nothing of the versions between.
  for (const [at, by] of [publish, publisher().publish, publish].entries()) {
    const content = { a: `${at + 2}` };
    expect(await by({ ...publication(life, at + 2, content), isChecked: false })).toMatchObject({ kind: 'published' });
  }
  const newest = (await checked().unchecked())!;
  await checked().confirm(newest);
  expect(await reader.newest()).toMatchObject({ version: 4, checkedVersion: 4 });
  expect(await reader.desired()).toMatchObject({ version: { version: 1 }, held: 'a look at it first' });
  // Who comes now gets what is desired as well.
  const late = follow(server);
  await until('version 1 at a new node', () => late.seen.length === 1);
  expect([...seen, ...late.seen].map((artifact) => artifact.manifest.version)).toEqual([1, 1]);

  expect(await endHold(redis, fleet)).toBe(true);
  await until('the newest version', () => seen.length === 2 && late.seen.length === 2);
  expect(texts(seen[1]!)).toEqual({ a: '4' });
  expect(problems.at(-1)).toBeUndefined();
  expect(await endHold(redis, fleet)).toBe(false);
  await publish(publication(life, 5, { a: '5' }));
  await until('version 5', () => seen.length === 3 && late.seen.length === 3);
});

test('what the nodes are held on stays whole, however many versions follow, and goes when they move on', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher(2);
  await publish(publication(life, 1, { a: 'x', b: 'held' }));
  await publish(publication(life, 2, { a: 'y', b: 'held' }));
  await holdFleet(redis, fleet, 'why not');
  for (let count = 3; count < 12; count++) await publish(publication(life, count, { a: `${count}`, c: `c${count}` }));
  expect((await reader.versions()).map((one) => one.version)).toEqual([11, 10, 2]);
  expect(texts(await reader.readArtifact(version(2)))).toEqual({ a: 'y', b: 'held' });
  expect(await redis.hlen(keys.blobs)).toBe(6);
  await endHold(redis, fleet);
  await publish(publication(life, 12, { a: '12' }));
  expect((await reader.versions()).map((one) => one.version)).toEqual([12, 11]);
  expect(await redis.hlen(keys.blobs)).toBe(3);
});

test('no hold keeps the nodes on a version that HAProxy refuses', async () => {
  const { server, redis, life, publisher, checked } = await startFleet();
  const by = publisher();
  await by.publish(publication(life, 1, { a: 'good' }));
  await by.publish({ ...publication(life, 2, { a: 'bad' }), isChecked: false });
  const { seen } = follow(server);
  await until('version 2', () => seen.length === 1);
  await holdFleet(redis, fleet, 'nothing more today');
  const refused = (await checked(by).unchecked())!;
  expect(await checked(by).withdraw(refused)).toEqual({ to: 1, as: 3 });
  await until('version 3', () => seen.length === 2);
  expect(texts(seen[1]!)).toEqual({ a: 'good' });
  // The hold stands.
  await by.publish(publication(life, 4, { a: 'better' }));
  const late = follow(server);
  await until('version 3 at a new node', () => late.seen.length === 1);
  expect(late.seen[0]!.manifest.version).toBe(3);
});

test('a hold outlasts the life of the data, and says so where the version is lost', async () => {
  const { server, redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  await holdFleet(redis, fleet, 'nothing more today');
  const next = await beginLife(redis);
  await publish(publication(next, 1, { a: '2' }));
  expect(await reader.desired()).toEqual({ version: undefined, held: 'nothing more today' });
  const { seen, problems } = follow(server);
  await until('the problem', () => problems.some((text) => text?.includes('is held on a version that Redis has lost')));
  await endHold(redis, fleet);
  await until('the new life', () => seen.length === 1);
  expect(texts(seen[0]!)).toEqual({ a: '2' });
});

test('a record that is lost is made again by the next render, also by one that changes nothing', async () => {
  const { server, redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const { seen } = follow(server);
  await until('version 1', () => seen.length === 1);
  await redis.del(keys.desired);
  expect(await publish(publication(life, 1, { a: '1' }))).toMatchObject({ kind: 'unchanged' });
  expect(await reader.desired()).toMatchObject({ version: { version: 1 } });
  await publish(publication(life, 2, { a: '2' }));
  await until('version 2', () => seen.length === 2);
});

test('while renderers of the release before publish, which know of no record, nodes follow the newest version', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  // At first there is none, and later the one that a renderer of this release left before it went back.
  await publish(publication(life, 1, { a: '1' }));
  await redis.del(keys.desired);
  const { seen, problems } = follow(server);
  await until('version 1', () => seen.length === 1);
  await publish(publication(life, 2, { a: '2' }));
  const left = await redis.dumpBuffer(keys.desired);
  for (const count of [3, 4]) {
    await publish(publication(life, count, { a: `${count}` }));
    await redis.restore(keys.desired, 0, left ?? '', 'REPLACE');
  }
  await until('version 4', () => seen.at(-1)?.manifest.version === 4);
  const late = follow(server);
  await until('version 4 at a new node', () => late.seen.length === 1);
  expect(late.seen[0]!.manifest.version).toBe(4);
  // For as long as the record is looked at now and then.
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(seen.at(-1)?.manifest.version).toBe(4);
  expect(problems.at(-1)).toBeUndefined();
  // A renderer of this release goes on from there, also with what is the same.
  await publish(publication(life, 4, { a: '4' }));
  expect(await redis.hget(keys.desired, 'version')).toBe('4');
});
