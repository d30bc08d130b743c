import { afterEach, expect, test } from 'vitest';
import { randomBytes } from 'node:crypto';
import { type RedisOptions, cleanUp, startRedis, tcpProxy, waitFor } from '@flotilla/testkit';
import { createSealer, version } from '@flotilla/domain';
import { followArtifacts } from '../src/index.ts';
import { beginLife, connect, fleet, follow, keys, publication, sealer, openFleet, release, texts } from './fleet.ts';

afterEach(async () => {
  await release();
  await cleanUp();
});
const startFleet = async (options: RedisOptions = {}) => openFleet(await startRedis(options));

const until = (what: string, condition: () => unknown) => waitFor(() => Boolean(condition()), { what });

test('a follower gets what is desired now, then every newer version, with the paths that changed', async () => {
  const { server, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { 'haproxy.cfg': 'a\n', 'ssl/x': 'x', 'ssl/y': 'y' }));
  const { seen } = follow(server);
  await until('version 1', () => seen.length === 1);
  expect(seen[0]!.changed).toEqual(['haproxy.cfg', 'ssl/x', 'ssl/y']);
  await publish(publication(life, 2, { 'haproxy.cfg': 'b\n', 'ssl/x': 'x', 'ssl/z': 'z' }));
  await until('version 2', () => seen.length === 2);
  expect(seen[1]!.changed.toSorted()).toEqual(['haproxy.cfg', 'ssl/y', 'ssl/z']);
  expect(texts(seen[1]!)).toEqual({ 'haproxy.cfg': 'b\n', 'ssl/x': 'x', 'ssl/z': 'z' });
});

test('a follower with the base reads no blob and no manifest', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { 'haproxy.cfg': 'a\n'.repeat(10_000) }));
  const { seen } = follow(server, { pollMs: 60_000 });
  await until('version 1', () => seen.length === 1);
  await redis.config('RESETSTAT');
  await publish(publication(life, 2, { 'haproxy.cfg': `${'a\n'.repeat(9_999)}b\n` }));
  await until('version 2', () => seen.length === 2);
  const calls = await redis.info('commandstats');
  expect(calls).not.toMatch(/cmdstat_(hget|hmget):calls=[2-9]/);
  expect(calls).toMatch(/cmdstat_xread:/);
});

test('a follower that began before the first version gets it', async () => {
  const { server, life, publisher } = await startFleet();
  const { seen, problems } = follow(server);
  await until('the problem', () => problems.some((problem) => problem?.includes('no published version yet')));
  await publisher().publish(publication(life, 1, { a: '1' }));
  await until('version 1', () => seen.length === 1);
  expect(problems.at(-1)).toBeUndefined();
});

test('what is on disk already is not read again, and yielded once it is known to be desired', async () => {
  const { server, redis, life, publisher, reader } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1', b: '1' }));
  const loaded = await reader.readArtifact(version(1));
  await redis.del(keys.blobs);
  const { seen } = follow(server, { loaded });
  await until('version 1', () => seen.length === 1);
  expect(seen[0]).toMatchObject({ changed: [], manifest: { version: 1 } });
});

test('a slow consumer gets only the newest version', async () => {
  const { server, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const [redis, blockingRedis] = [connect(server), connect(server)];
  const { signal } = new AbortController();
  const artifacts = followArtifacts({ redis, blockingRedis, fleet, sealer, signal, pollMs: 60_000 });
  expect(texts((await artifacts.next()).value!)).toEqual({ a: '1' });
  for (let count = 2; count <= 20; count++) await publish(publication(life, count, { a: `${count}` }));
  expect(texts((await artifacts.next()).value!)).toEqual({ a: '20' });
  await artifacts.return();
});

test('changes too large for the feed are read from the blobs', async () => {
  const { server, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: randomBytes(400_000).toString('base64') }));
  const { seen } = follow(server, { pollMs: 60_000 });
  await until('version 1', () => seen.length === 1);
  const large = randomBytes(400_000).toString('base64');
  await publish(publication(life, 2, { a: large }));
  await until('version 2', () => seen.length === 2);
  expect(texts(seen[1]!)).toEqual({ a: large });
});

test('a publisher that did not make the base sends a patch all the same', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const long = 'x'.repeat(500_000);
  await publisher().publish(publication(life, 1, { a: `${long}1` }));
  const { seen } = follow(server, { pollMs: 60_000 });
  await until('version 1', () => seen.length === 1);
  await publisher().publish(publication(life, 2, { a: `${long}2` }));
  await until('version 2', () => seen.length === 2);
  const [, fields] = (await redis.xrevrangeBuffer(keys.feed, '+', '-', 'COUNT', 1))[0]!;
  expect(fields.at(-1)!.length).toBeGreaterThan(0);
  expect(fields.at(-1)!.length).toBeLessThan(1_000);
});

test('a follower goes on when Redis restarts with its data', async () => {
  const { server, life, publisher } = await startFleet({ persist: true });
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const { seen } = follow(server);
  await until('version 1', () => seen.length === 1);
  await server.restart();
  await publish(publication(life, 2, { a: '2' }));
  await until('version 2', () => texts(seen.at(-1)!)['a'] === '2');
  expect(seen.map(({ manifest }) => manifest.version)).toEqual([1, 2]);
});

test('a follower goes on when Redis lost its data and versions began at 1 again', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  for (const count of [1, 2, 3]) await publish(publication(life, count, { a: `${count}` }));
  const { seen } = follow(server);
  await until('version 3', () => seen.length === 1);
  await server.restart({ wipe: true });
  const next = await beginLife(redis);
  await publish(publication(next, 1, { a: 'after' }));
  await until('version 1 of the new life', () => texts(seen.at(-1)!)['a'] === 'after');
  expect(seen.at(-1)!.manifest).toMatchObject({ version: 1, epoch: next });
});

test('a frozen server is noticed and caught up with', async () => {
  const { server, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const { seen, problems, statuses } = follow(server, { answerMs: 300 });
  await until('version 1', () => seen.length === 1);
  await server.kill('SIGSTOP');
  await until('a problem', () => problems.at(-1)?.includes('took longer'));
  // The connections are open all the same.
  expect(statuses.at(-1)).toMatchObject({ connected: false });
  await server.kill('SIGCONT');
  await publish(publication(life, 2, { a: '2' }));
  await until('version 2', () => texts(seen.at(-1)!)['a'] === '2');
  await until('no problem', () => problems.at(-1) === undefined);
});

test('the feed is read from the new primary when the address moves and the old one lives on as a replica', async () => {
  const { server, redis } = await startFleet();
  const next = await startRedis();
  const proxy = await tcpProxy(server.port);
  const { statuses } = follow({ url: `redis://127.0.0.1:${proxy.port}` });
  await until('its wait', () => statuses.length > 0);
  // The role changes first, so that the connections which this ends come back to the old address.
  await redis.replicaof('127.0.0.1', next.port);
  const reading = async ({ url }: { url: string }) =>
    String(await connect({ url }).client('LIST')).match(/ cmd=xread /);
  await waitFor(() => reading(server), { what: 'the feed to be read from the old primary again' });
  proxy.pointTo(next.port);
  await waitFor(() => reading(next), { what: 'the feed to be read from the new primary' });
});

test('a trimmed feed leaves no follower behind', async () => {
  const { server, redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  const { seen } = follow(server);
  await until('version 1', () => seen.length === 1);
  await redis.del(keys.feed);
  for (let count = 2; count <= 5; count++) {
    await publish(publication(life, count, { a: `${count}` }));
    await redis.xtrim(keys.feed, 'MAXLEN', 0);
  }
  await until('version 5', () => texts(seen.at(-1)!)['a'] === '5');
});

test('a wrong key is told, and nothing is yielded', async () => {
  const { server, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1' }));
  const { seen, problems, statuses } = follow(server, { sealer: createSealer(randomBytes(32), fleet) });
  await until('the problem', () => problems.some((problem) => problem?.includes('FLOTILLA_KEY')));
  expect(statuses.at(-1)).toMatchObject({ connected: true });
  expect(seen).toEqual([]);
});

test('a tampered blob is never yielded', async () => {
  const { server, redis, life, publisher } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1', b: '2' }));
  const [one, two] = await redis.hkeys(keys.blobs);
  await redis.hset(keys.blobs, one!, (await redis.hgetBuffer(keys.blobs, two!))!);
  const { seen, problems } = follow(server);
  await until('the problem', () => problems.some((problem) => problem?.includes('cannot open')));
  expect(seen).toEqual([]);
});

test('stopping a follower takes no time, wherever it waits', async () => {
  const { server } = await startFleet();
  const { stop, problems } = follow(server, { pollMs: 60_000 });
  await until('its wait', () => problems.length > 0);
  await stop();
});

test('followers of a random history end at its last version, whole', async () => {
  const { server, life, publisher } = await startFleet();
  const publishers = [publisher(2), publisher(2)];
  const followers = [follow(server), follow(server)];
  let files: Record<string, string> = {};
  for (let count = 1; count <= 150; count++) {
    files = { ...files, [`f${count % 7}`]: 'z'.repeat(count * (count % 5 === 0 ? 3_000 : 10)) };
    if (count % 11 === 0) delete files['f3'];
    await publishers[count % 2]!.publish(publication(life, count, files));
  }
  for (const { seen } of followers) {
    await until('the last version', () => JSON.stringify(texts(seen.at(-1)!)) === JSON.stringify(sorted(files)));
  }
});

const sorted = (files: Record<string, string>) =>
  Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
