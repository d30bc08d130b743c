import {
  type ArtifactIdentity,
  type FleetName,
  type Sealer,
  aheadPurpose,
  comesBefore,
  createSealer,
  digest,
  epoch,
  fleetKeys,
  formatAhead,
  newEpoch,
  term,
  version,
  sourcePosition,
} from '@flotilla/domain';
import { type RedisServer, cleanUp, startRedis } from '@flotilla/testkit';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type InputsWriter, createInputsWriter } from '../src/index.ts';
import { anyFleet, connect, disconnect, sealerFor } from './redis.ts';

let server: RedisServer;
let redis: Redis;
let fleet: FleetName;
let keys: ReturnType<typeof fleetKeys>;
let terms = 0;

beforeAll(async () => {
  server = await startRedis();
  redis = connect(server.url);
});
afterAll(async () => {
  disconnect();
  await cleanUp();
});
beforeEach(() => {
  fleet = anyFleet();
  keys = fleetKeys(fleet);
});

const cause = { provenance: [], sourcePosition: sourcePosition('7') };
const newWriter = () => createInputsWriter({ redis, fleet, sealer: sealerFor(fleet) });
const claim = (writer: InputsWriter) => writer.claim(term(++terms));
const takeOver = async (writer: InputsWriter, template: string) => {
  const claimed = await claim(writer);
  const begins = (claimed.kind === 'claimed' && claimed.begins) || (await writer.endLostLife());
  const batch = await writer.compare(new Map([['config/template', template]]), cause);
  if (batch) await writer.send(batch);
  return { begins };
};
const write = (writer: InputsWriter, template: string) =>
  writer.send(writer.prepare(new Map([['config/template', template]]), cause));

/** What Redis holds of the fleet; the function puts it back to that. */
async function snapshot(): Promise<() => Promise<void>> {
  const names = [keys.meta, keys.inputs, keys.log];
  const saved = await Promise.all(names.map((key) => redis.dumpBuffer(key)));
  return async () => {
    for (const [at, key] of names.entries()) await redis.restore(key, 0, saved[at] ?? '', 'REPLACE');
  };
}

/** What a renderer leaves. */
const publish = (number: number, content = `content ${number}`) =>
  redis.eval(
    "redis.call('HSET', KEYS[1], 'artifactEpoch', redis.call('HGET', KEYS[1], 'epoch'), 'version', ARGV[1], 'digest', ARGV[2])",
    1,
    ...[keys.meta, number, content],
  );
const identity = (life: string, number: number, content = `content ${number}`): ArtifactIdentity => ({
  epoch: epoch(life),
  version: version(number),
  digest: digest(content),
});
/** What a node leaves that has a newer version than Redis. */
const nodeHas = (one: ArtifactIdentity, sealer: Sealer = sealerFor(fleet)) =>
  redis.set(keys.ahead, sealer.seal(formatAhead(one), aheadPurpose));

const isAfter = (life: string, other: string) => comesBefore(identity(other, 1), identity(life, 1));

it('a life that ended is not gone on with: the next one is above all that are known', async () => {
  const writer = newWriter();
  await takeOver(writer, 'one');
  const first = writer.position.epoch;
  const setBack = await snapshot();
  await redis.del(keys.meta);
  await takeOver(writer, 'two');
  const second = writer.position.epoch;
  expect(isAfter(second, first)).toBe(true);
  await setBack();
  expect(await takeOver(writer, 'two')).toEqual({ begins: true });
  expect(isAfter(writer.position.epoch, second)).toBe(true);
});

it('who took over without a change knows what there was, too', async () => {
  const first = newWriter();
  await takeOver(first, 'one');
  const setBack = await snapshot();
  await write(first, 'two');
  const next = newWriter();
  expect(await takeOver(next, 'two')).toEqual({ begins: false });
  await setBack();
  expect(await next.check()).toBe('moved');
  expect(await takeOver(next, 'two')).toEqual({ begins: true });
});

it('who knows nothing is told by a node that has a newer version: the next life is above that of the node', async () => {
  await takeOver(newWriter(), 'one');
  const life = (await redis.hget(keys.meta, 'epoch'))!;
  await publish(4);
  // A clock that was far ahead began the life of the node.
  const late = newEpoch([life], Date.now() + 10 ** 9);
  for (const ahead of [identity(life, 5), identity(life, 4, 'other'), identity(late, 1)]) {
    const writer = newWriter();
    expect(await takeOver(writer, 'one')).toEqual({ begins: false });
    expect(await writer.isBehindNodes()).toBe(false);
    const setBack = await snapshot();
    await nodeHas(ahead);
    expect(await writer.isBehindNodes()).toBe(true);
    expect(await takeOver(writer, 'one')).toEqual({ begins: true });
    expect(isAfter(writer.position.epoch, ahead.epoch)).toBe(true);
    // It is over, also before the new life has a version, and the word stays for a while.
    expect(await writer.isBehindNodes()).toBe(false);
    expect(await takeOver(newWriter(), 'one')).toEqual({ begins: false });
    await setBack();
    await redis.del(keys.ahead);
  }
});

it('what a node has that Redis has as well, or had before, and what was sealed with another key begin no life', async () => {
  const writer = newWriter();
  await takeOver(writer, 'one');
  const life = writer.position.epoch;
  await publish(4);
  for (const one of [
    identity(life, 3),
    identity(life, 4),
    // The same content under a later number is nothing that was lost.
    identity(life, 6, 'content 4'),
    identity(newEpoch([], 1), 9),
    identity('of an earlier release', 9),
  ]) {
    await nodeHas(one);
    expect(await writer.isBehindNodes()).toBe(false);
    expect(await takeOver(writer, 'one')).toEqual({ begins: false });
  }
  await nodeHas(identity(life, 5), createSealer(Buffer.alloc(32, 1), fleet));
  expect(await writer.isBehindNodes()).toBe(false);
  await redis.set(keys.ahead, 'anything');
  expect(await takeOver(newWriter(), 'one')).toEqual({ begins: false });
});
