import { afterEach, expect, test } from 'vitest';
import { createPublisher, endHold, holdFleet } from '../src/index.ts';
import { type RedisOptions, cleanUp, startRedis } from '@flotilla/testkit';
import { type ArtifactIdentity, epoch, identityOf, version } from '@flotilla/domain';
import { beginLife, fleet, keys, publication, sealer, openFleet, release, texts } from './fleet.ts';

afterEach(async () => {
  await release();
  await cleanUp();
});
const startFleet = async (options: RedisOptions = {}) => openFleet(await startRedis(options));

test('versions count up, and the same content makes no new one', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher();
  const first = await publish(publication(life, 1, { 'haproxy.cfg': 'a\n' }));
  expect(first).toMatchObject({ kind: 'published', manifest: { version: 1, revision: 1, epoch: life } });
  const same = await publish(publication(life, 2, { 'haproxy.cfg': 'a\n' }));
  expect(same).toMatchObject({ kind: 'unchanged', version: 1 });
  expect(await redis.hget(keys.meta, 'artifactRevision')).toBe('2');
  const second = await publish(publication(life, 3, { 'haproxy.cfg': 'b\n' }));
  expect(second).toMatchObject({ kind: 'published', manifest: { version: 2 } });
  expect((await reader.versions()).map((manifest) => manifest.version)).toEqual([2, 1]);
  expect(texts(await reader.readArtifact(version(1)))).toEqual({ 'haproxy.cfg': 'a\n' });
});

test('an older revision never goes over a newer one', async () => {
  const { life, publisher, reader } = await startFleet();
  const late = publisher();
  await publisher().publish(publication(life, 7, { 'haproxy.cfg': 'new\n' }));
  const outcome = await late.publish(publication(life, 6, { 'haproxy.cfg': 'old\n' }));
  expect(outcome).toEqual({ kind: 'superseded', by: 7 });
  expect(await reader.newest()).toMatchObject({ version: 1, revision: 7 });
});

test('inputs of another life of the data are not published', async () => {
  const { redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { 'haproxy.cfg': 'a\n' }));
  const next = await beginLife(redis);
  expect(await publish(publication(life, 2, { 'haproxy.cfg': 'b\n' }))).toEqual({ kind: 'epoch-changed' });
  await redis.flushall();
  expect(await publish(publication(next, 2, { 'haproxy.cfg': 'b\n' }))).toEqual({ kind: 'epoch-changed' });
});

test('in a new life versions begin at 1, and nothing of the old one is left', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { 'haproxy.cfg': 'a\n', 'ssl/x': 'x' }));
  await publish(publication(life, 2, { 'haproxy.cfg': 'b\n' }));
  const next = await beginLife(redis);
  expect(await reader.newest()).toBeUndefined();
  const outcome = await publish(publication(next, 1, { 'haproxy.cfg': 'b\n' }));
  expect(outcome).toMatchObject({ kind: 'published', manifest: { version: 1, epoch: next } });
  expect((await reader.versions()).map(({ version, epoch }) => [version, epoch])).toEqual([[1, next]]);
  expect(await redis.hlen(keys.blobs)).toBe(1);
});

test('nothing that is published is readable without the key', async () => {
  const { redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { 'haproxy.cfg': 'user x password GEHEIM\n', 'ssl/x': 'PRIVATE KEY' }));
  await publish(publication(life, 2, { 'haproxy.cfg': 'user x password GEHEIM2\n', 'ssl/x': 'PRIVATE KEY 2' }));
  const stored: string[] = [];
  for (const key of [keys.blobs, keys.manifests, keys.meta]) stored.push(JSON.stringify(await redis.hgetall(key)));
  stored.push(JSON.stringify(await redis.xrange(keys.feed, '-', '+')));
  expect(stored.join()).not.toMatch(/GEHEIM|PRIVATE KEY/);
});

test('versions that are kept stay whole; blobs go with the last version that used them', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const { publish } = publisher(3);
  // "shared" belongs to two files, goes from one, then from the other, and comes back.
  const bundles: Record<string, string>[] = [
    { a: 'shared', b: 'shared', c: '1' },
    { a: 'shared', c: '2' },
    { a: 'other', c: '3' },
    { b: 'shared', c: '4' },
    { c: '5' },
    { c: '6' },
    { c: '7' },
    { c: '8' },
  ];
  for (const [at, files] of bundles.entries()) {
    await publish(publication(life, at + 1, files));
    const kept = bundles.slice(Math.max(0, at - 2), at + 1);
    const versions = (await reader.versions()).reverse();
    expect(versions.map(({ version }) => version)).toEqual(kept.map((_, back) => at + 2 - kept.length + back));
    for (const [back, manifest] of versions.entries()) {
      expect(texts(await reader.readArtifact(manifest.version))).toEqual(kept[back]);
    }
    expect(await redis.hlen(keys.blobs)).toBe(new Set(kept.flatMap((one) => Object.values(one))).size);
  }
  expect(await redis.zcard(keys.garbage)).toBe(2);
});

test('any order of publishers, revisions, contents and holds leaves every kept version whole, and the right one desired', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const publishers = [publisher(4), publisher(4), publisher(4)];
  let random = 42;
  const below = (limit: number) => (random = (random * 1_103_515_245 + 12_345) % 2 ** 31) % limit;
  let newest = { revision: 0, files: {} as Record<string, string> };
  let heldOn: ArtifactIdentity | undefined;
  for (let round = 1; round <= 120; round++) {
    if (below(8) === 0) {
      if (!heldOn) await holdFleet(redis, fleet, 'drawn');
      else await endHold(redis, fleet);
      heldOn = heldOn ? undefined : (await reader.desired()).version;
    }
    const attempts = publishers.map((one) => {
      const count = round * 3 + below(6);
      const files: Record<string, string> = {};
      for (const name of ['a', 'b', 'c', 'd']) if (below(3) > 0) files[name] = `content ${below(4)}`;
      return { one, count, files };
    });
    const outcomes = await Promise.all(
      attempts.map(({ one, count, files }) => one.publish(publication(life, count, files))),
    );
    for (const [at, outcome] of outcomes.entries()) {
      const { count, files } = attempts[at]!;
      if (outcome.kind === 'superseded') expect(outcome.by).toBeGreaterThan(count);
      else if (count >= newest.revision) newest = { revision: count, files };
    }
    const last = (await reader.newest())!;
    expect(last.revision).toBe(newest.revision);
    const versions = await reader.versions();
    expect(versions[0]).toMatchObject({ version: last.version, digest: last.digest });
    expect((await reader.desired()).version).toMatchObject(identityOf(heldOn ?? last));
    const used = new Set<string>();
    for (const manifest of versions) {
      await reader.readArtifact(manifest.version);
      for (const { digest } of manifest.files) used.add(digest);
    }
    // Nothing is missing, and nothing stays that no version uses.
    expect(new Set(await redis.hkeys(keys.blobs))).toEqual(used);
  }
});

test('two publishers racing with the same revision both succeed, one after the other', async () => {
  const { life, publisher } = await startFleet();
  const [one, two] = [publisher(), publisher()];
  const outcomes = await Promise.all([
    one.publish(publication(life, 1, { a: '1' })),
    two.publish(publication(life, 1, { a: '2' })),
  ]);
  const versions = outcomes.map((outcome) => (outcome.kind === 'published' ? outcome.manifest.version : 0));
  expect(versions.sort()).toEqual([1, 2]);
});

test('a damaged base manifest is mended by the next publish', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  await publisher().publish(publication(life, 1, { a: '1', b: '1' }));
  await redis.hset(keys.manifests, '1', '{"broken":');
  const outcome = await publisher().publish(publication(life, 2, { a: '2', b: '1' }));
  expect(outcome).toMatchObject({ kind: 'published', manifest: { version: 2 } });
  expect(texts(await reader.readArtifact(version(2)))).toEqual({ a: '2', b: '1' });
});

test('publishing survives a server that forgot its scripts', async () => {
  const { redis, life, publisher } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: '1' }));
  await redis.script('FLUSH');
  expect(await publish(publication(life, 2, { a: '2' }))).toMatchObject({ kind: 'published' });
});

test('no epoch at all, as after data loss, publishes nothing', async () => {
  const { redis } = await startFleet();
  await redis.flushall();
  const { publish } = createPublisher({ redis, fleet, sealer, keepVersions: 10 });
  expect(await publish(publication(epoch('gone'), 1, { a: '1' }))).toEqual({ kind: 'epoch-changed' });
  expect(await redis.dbsize()).toBe(0);
});

test('a version may go out unchecked as long as the last checked one stays', async () => {
  const { life, publisher, checked, reader } = await startFleet();
  const { publish } = publisher(3);
  await publish(publication(life, 1, { a: '1' }));
  expect(await checked().unchecked()).toBeUndefined();
  const unchecked = (count: number) => ({ ...publication(life, count, { a: String(count) }), isChecked: false });
  for (const count of [2, 3]) expect(await publish(unchecked(count))).toMatchObject({ kind: 'published' });
  expect(await checked().unchecked()).toMatchObject({ version: 3, revision: 3 });
  expect(await publish(unchecked(4))).toEqual({ kind: 'check-first' });
  expect((await reader.versions()).map(({ version }) => version)).toEqual([3, 2, 1]);
  expect(await publish({ ...unchecked(4), isChecked: true })).toMatchObject({ kind: 'published' });
  expect(await checked().unchecked()).toBeUndefined();
});

test('a version that went out unchecked is checked by a confirmation, or by a render of the same content', async () => {
  const { redis, life, publisher, checked } = await startFleet();
  const { publish } = publisher();
  const { unchecked, confirm } = checked();
  await publish(publication(life, 1, { a: '1' }));
  await publish({ ...publication(life, 2, { a: '2' }), isChecked: false });
  const second = (await unchecked())!;
  await publish({ ...publication(life, 3, { a: '3' }), isChecked: false });
  await confirm(second);
  expect(await unchecked()).toMatchObject({ version: 3 });
  const same = { ...publication(life, 4, { a: '3' }), isChecked: false };
  expect(await publish(same)).toMatchObject({ kind: 'unchanged', isChecked: false });
  expect(await publish({ ...same, isChecked: true })).toMatchObject({ kind: 'unchanged', isChecked: true });
  expect(await publish(same)).toMatchObject({ kind: 'unchanged', isChecked: true });
  await confirm(second);
  expect(await unchecked()).toBeUndefined();
  await confirm({ ...second, epoch: epoch('another'), version: version(9) });
  expect(await redis.hget(keys.meta, 'checkedVersion')).toBe('3');
});

test('a refused version is withdrawn: the last checked content comes out again, and newer revisions may follow', async () => {
  const { life, publisher, checked, reader } = await startFleet();
  const other = publisher();
  await other.publish(publication(life, 1, { a: 'good', b: 'b' }));
  await other.publish({ ...publication(life, 5, { a: 'bad', b: 'b' }), isChecked: false });
  const { unchecked, withdraw } = checked();
  const refused = (await unchecked())!;
  expect(await withdraw(refused)).toEqual({ to: 1, as: 3 });
  expect(await reader.newest()).toMatchObject({ version: 3, revision: 1 });
  expect(texts(await reader.readArtifact(version(3)))).toEqual({ a: 'good', b: 'b' });
  expect(await unchecked()).toBeUndefined();
  expect(await withdraw(refused)).toBeUndefined();
  expect(await other.publish(publication(life, 6, { a: 'mended', b: 'b' }))).toMatchObject({
    kind: 'published',
    manifest: { version: 4 },
  });
});

test('a refused version that is not the newest any more is not withdrawn', async () => {
  const { life, publisher, checked, reader } = await startFleet();
  const { publish } = publisher();
  await publish(publication(life, 1, { a: 'good' }));
  await publish({ ...publication(life, 2, { a: 'bad' }), isChecked: false });
  const { unchecked, withdraw } = checked();
  const refused = (await unchecked())!;
  await publish({ ...publication(life, 3, { a: 'newer' }), isChecked: false });
  expect(await withdraw(refused)).toBeUndefined();
  expect(await reader.newest()).toMatchObject({ version: 3, revision: 3 });
});

test('without a checked version a refused one stays, and that is said', async () => {
  const { redis, life, publisher, checked } = await startFleet();
  await publisher().publish(publication(life, 1, { a: 'a' }));
  await redis.hset(keys.meta, 'checkedVersion', 0);
  const { unchecked, withdraw } = checked();
  await expect(withdraw((await unchecked())!)).rejects.toThrow('no checked version');
});

test('publishers that take turns build on each other by the feed, and read nothing else', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const [one, two] = [publisher(), publisher()];
  await one.publish(publication(life, 1, { a: `1${'x'.repeat(1_000)}`, b: 'b' }));
  await two.publish(publication(life, 2, { a: `2${'x'.repeat(1_000)}`, b: 'b' }));
  await redis.config('RESETSTAT');
  for (const [at, each] of [one, two, one, one, two].entries()) {
    each.prepare();
    const outcome = await each.publish(publication(life, at + 3, { a: `${at + 3}${'x'.repeat(1_000)}`, b: 'b' }));
    expect(outcome).toMatchObject({ kind: 'published', manifest: { version: at + 3 } });
  }
  const commands = await redis.info('commandstats');
  // Each script ran once: none of them found a base that was not the newest.
  expect(commands).toContain('cmdstat_evalsha:calls=5,');
  expect(await redis.xlen(keys.feed)).toBe(7);
  for (const { version: each } of await reader.versions()) await reader.readArtifact(each);
  expect(texts(await reader.readArtifact(version(7)))['a']).toMatch(/^7x/);
});

test('a publisher that cannot catch up by the feed does without', async () => {
  const { redis, life, publisher, reader } = await startFleet();
  const [one, two] = [publisher(), publisher()];
  await one.publish(publication(life, 1, { a: '1' }));
  await two.publish(publication(life, 2, { a: '2' }));
  await redis.xtrim(keys.feed, 'MAXLEN', 0);
  one.prepare();
  expect(await one.publish(publication(life, 3, { a: '3' }))).toMatchObject({ manifest: { version: 3 } });
  await redis.set(keys.feed, 'not a feed');
  one.prepare();
  await expect(one.publish(publication(life, 4, { a: '4' }))).rejects.toThrow('WRONGTYPE');
  expect(texts(await reader.readArtifact(version(3)))).toEqual({ a: '3' });
});
