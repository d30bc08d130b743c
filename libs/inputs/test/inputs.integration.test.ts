import type { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type FleetName,
  type InputField,
  type Term,
  createSealer,
  digestOf,
  fleetKeys,
  inputField,
  term,
  sourcePosition,
} from '@flotilla/domain';
import { type RedisServer, cleanUp, startRedis } from '@flotilla/testkit';
import {
  type Cause,
  type InputsReader,
  type InputsWriter,
  createInputsReader,
  createInputsWriter,
  recordRefusal,
} from '../src/index.ts';
import { anyFleet, connect, disconnect, masterKey, sealerFor } from './redis.ts';

let server: RedisServer;
let redis: Redis;
let fleet: FleetName;
let keys: ReturnType<typeof fleetKeys>;

beforeAll(async () => {
  server = await startRedis({ persist: true });
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

const cause = (object = 'pods/web/a', count = 7): Cause => {
  const position = sourcePosition(String(count));
  return { provenance: [{ object, position }], sourcePosition: position };
};
const newWriter = () => createInputsWriter({ redis, fleet, sealer: sealerFor(fleet) });
const newReader = () => createInputsReader({ redis, fleet, sealer: sealerFor(fleet) });
const asMap = (fields: Record<string, string>) => new Map(Object.entries(fields));

/** Claims the fleet and makes it hold the fields, as a watcher does when it takes over. */
async function takeOver(writer: InputsWriter, fields: Record<string, string>, given: Term = term(1)) {
  await writer.claim(given);
  const batch = await writer.compare(asMap(fields), cause());
  return batch && { batch, outcome: await writer.send(batch) };
}
const write = async (writer: InputsWriter, changes: Record<string, string | null>, why = cause()) =>
  writer.send(writer.prepare(new Map(Object.entries(changes)), why));
const readAll = async () => Object.fromEntries((await newReader().read()).changes);

/** What a renderer holds after each read. */
class Mirror {
  readonly fields = new Map<InputField, string>();
  readonly reader: InputsReader = newReader();
  async read() {
    const update = await this.reader.read();
    if (update.mode === 'full') this.fields.clear();
    for (const [field, value] of update.changes) {
      if (value === null) this.fields.delete(field);
      else this.fields.set(field, value);
    }
    return update;
  }
}

describe('a writer', () => {
  it('begins a life of the data with everything in one revision', async () => {
    const writer = newWriter();
    expect(await writer.claim(term(1))).toEqual({ kind: 'claimed', begins: true, isOwn: false });
    const { outcome } = (await takeOver(writer, { 'config/template': 'T', 'pod/shop/a': 'A' })) ?? {};
    expect(outcome).toMatchObject({ kind: 'written', position: { revision: 1 } });
    expect(await readAll()).toEqual({ 'config/template': 'T', 'pod/shop/a': 'A' });
    expect(await redis.hgetall(keys.meta)).toMatchObject({ revision: '1', term: '1', position: '7' });
    expect(await redis.keys(`${keys.inputs}:staged*`)).toEqual([]);
  });

  it('begins one for a fleet without any field, too', async () => {
    await takeOver(newWriter(), {});
    expect(await newReader().read()).toMatchObject({ mode: 'full', revision: 1, changes: new Map() });
  });

  it('raises the revision by one at every write and tells what caused it', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A', 'pod/shop/b': 'B' });
    const mirror = new Mirror();
    await mirror.read();
    await write(writer, { 'pod/shop/a': 'A2', 'pod/shop/b': null }, cause('pods/web/b', 8));
    await write(writer, { 'pod/shop/c': 'C' }, cause('pods/web/c', 9));
    const update = await mirror.read();
    expect(update).toMatchObject({ mode: 'delta', revision: 3, changeCount: 2 });
    expect(update.provenance).toEqual([
      { object: 'pods/web/c', position: '9' },
      { object: 'pods/web/b', position: '8' },
    ]);
    expect(update.changes).toEqual(
      new Map([
        ['pod/shop/a', 'A2'],
        ['pod/shop/b', null],
        ['pod/shop/c', 'C'],
      ]),
    );
    expect((await mirror.read()).changes.size).toBe(0);
  });

  it('does not write twice what it sends twice', async () => {
    const writer = newWriter();
    await takeOver(writer, {});
    const batch = writer.prepare(asMap({ 'pod/shop/a': 'A' }), cause());
    const first = await writer.send(batch);
    expect(await writer.send(batch)).toEqual(first);
    expect(first).toMatchObject({ kind: 'written', position: { revision: 2 } });
  });

  it('tells when a write is on its way: what the connection is told next finds it written', async () => {
    const writer = newWriter();
    await takeOver(writer, {});
    const send = async (value: string) => {
      const found: { revision: number; value: Promise<string | null> }[] = [];
      await writer.send(writer.prepare(asMap({ 'pod/shop/a': value }), cause()), (revision) =>
        found.push({ revision, value: redis.hget(keys.inputs, 'pod/shop/a') }),
      );
      return Promise.all(found.map(async (one) => [one.revision, await one.value]));
    };
    expect(await send('A')).toEqual([[2, 'A']]);
    // Redis has lost the script, so it is sent a second time.
    await redis.script('FLUSH');
    expect(await send('B')).toEqual([
      [3, 'A'],
      [3, 'B'],
    ]);
  });

  it('is kept out once a later leader has the fleet', async () => {
    const [early, late] = [newWriter(), newWriter()];
    await takeOver(early, { 'config/template': 'T' }, term(1));
    await late.claim(term(2));
    expect(await write(early, { 'config/template': 'old' })).toEqual({ kind: 'fenced', by: 2 });
    expect(await early.claim(term(1))).toEqual({ kind: 'fenced', by: 2 });
    expect(await readAll()).toEqual({ 'config/template': 'T' });
  });

  it('that takes over writes only what differs', async () => {
    await takeOver(newWriter(), { 'config/template': 'T', 'pod/shop/a': 'A', 'pod/shop/b': 'B', 'key/site': 'K' });
    const next = newWriter();
    const taken = await takeOver(next, { 'config/template': 'T', 'pod/shop/a': 'A2', 'key/site': 'K' }, term(2));
    expect([...(taken?.batch.set.keys() ?? [])]).toEqual(['pod/shop/a']);
    expect(taken?.batch.gone).toEqual(['pod/shop/b']);
    expect(await takeOver(newWriter(), { 'config/template': 'T', 'pod/shop/a': 'A2', 'key/site': 'K' }, term(3))).toBe(
      undefined,
    );
    expect(await newReader().read()).toMatchObject({ revision: 2 });
  });

  it('gives back all that was written, and the position it stands at', async () => {
    const good = {
      'config/template': 'T',
      'service/shop': 'S',
      'certificate/site': 'C',
      'key/site': 'K',
    };
    const all = { ...good, 'pod/shop/a': 'A', 'problem/x': '{}' };
    const first = newWriter();
    await takeOver(first, all);
    expect(await first.claim(term(2))).toEqual({ kind: 'claimed', begins: false, isOwn: true });
    const next = newWriter();
    expect(await next.claim(term(3))).toEqual({ kind: 'claimed', begins: false, isOwn: false });
    expect(await next.written()).toEqual({ fields: asMap(all), position: '7' });
    await write(next, { 'pod/shop/a': null });
    expect(await first.claim(term(4))).toMatchObject({ isOwn: false });
  });

  it('goes on from what a watcher of the release before wrote, which had the position under another name', async () => {
    const [writer, reader] = [newWriter(), newReader()];
    await takeOver(writer, { 'config/template': 'A', 'pod/shop/a': 'P' });
    await reader.read();
    const asBefore = async (change: Record<string, string>) => {
      await write(writer, change);
      await redis.hdel(keys.meta, 'position');
      await redis.hset(keys.meta, 'index', 8);
      const [id = '', entry = []] = (await redis.xrevrange(keys.log, '+', '-', 'COUNT', 1))[0] ?? [];
      const old = entry.map((text) =>
        text === 'position' ? 'index' : text.replace(/"position":"(\d+)"/, '"index":$1'),
      );
      await redis.xdel(keys.log, id);
      // A stream takes no id again that it had.
      const all = await redis.xrange(keys.log, '-', '+');
      await redis.del(keys.log);
      for (const [each, values] of all) await redis.xadd(keys.log, each, ...values);
      await redis.xadd(keys.log, id, ...old);
    };
    await asBefore({ 'pod/shop/a': 'Q' });
    const update = await reader.read();
    expect(update).toMatchObject({ mode: 'delta', revision: 2, changeCount: 1 });
    expect(update.changes).toEqual(new Map([['pod/shop/a', 'Q']]));
    expect(update.provenance).toEqual([{ object: 'pods/web/a', position: '7' }]);
    const next = newWriter();
    await next.claim(term(2));
    expect(await next.written()).toMatchObject({ position: '8' });
    await write(next, { 'pod/shop/a': 'R' });
    expect(await redis.hmget(keys.meta, 'position', 'index')).toEqual(['7', null]);
  });

  it('knows what was accepted before of entries that a refused render had', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'config/template': 'A', 'key/site': 'K', 'service/shop': 'S', 'pod/shop/a': 'P' });
    const kept = ['config/template', 'key/site', 'service/shop', 'service/new'];
    const accept = () =>
      redis.hset(keys.meta, {
        artifactEpoch: writer.position.epoch,
        artifactRevision: writer.position.revision,
        version: 1,
        digest: digestOf(Buffer.from('content')),
        checkedVersion: 1,
      });
    await accept();
    await write(writer, { 'config/template': 'B', 'key/site': 'L', 'pod/shop/a': 'Q' });
    await write(writer, { 'service/new': 'N' });
    expect(await writer.refused(kept)).toEqual(new Map());
    await recordRefusal(redis, fleet, writer.position);
    const accepted = asMap({ 'config/template': 'A', 'key/site': 'K' });
    expect(await writer.refused(kept)).toEqual(new Map([...accepted, ['service/new', null]]));
    // What changed after the refused render may be good.
    await write(writer, { 'config/template': 'C' });
    expect([...(await writer.refused(kept)).keys()]).toEqual(['key/site', 'service/new']);
    await recordRefusal(redis, fleet, writer.position);
    expect(await writer.refused(['config/template'])).toEqual(asMap({ 'config/template': 'A' }));
    await accept();
    expect(await writer.refused(kept)).toEqual(new Map());
    await write(writer, { 'config/template': 'D' });
    await recordRefusal(redis, fleet, writer.position);
    expect(await writer.refused(kept)).toEqual(asMap({ 'config/template': 'C' }));
    expect(await redis.hkeys(keys.accepted)).toEqual(['config/template', '@config/template']);
  });

  it('leaves out and replaces a key that was sealed with another FLOTILLA_KEY', async () => {
    const other = createSealer(Buffer.alloc(32, 1), fleet);
    await takeOver(createInputsWriter({ redis, fleet, sealer: other }), { 'key/site': 'K' });
    await expect(newReader().read()).rejects.toThrow('sealed with another FLOTILLA_KEY');
    const next = newWriter();
    await next.claim(term(2));
    expect(await next.written()).toBeUndefined();
    await takeOver(next, { 'key/site': 'K' }, term(2));
    expect(await readAll()).toEqual({ 'key/site': 'K' });
  });

  it('writes no secret in the clear', async () => {
    const secret = 'MIGHAgEAMBMGByqGSM49';
    const writer = newWriter();
    await takeOver(writer, { 'key/site': secret });
    await write(writer, { 'key/other': `${secret}2` });
    for (const key of await redis.keys('*')) expect((await redis.dumpBuffer(key))?.includes(secret)).toBe(false);
    expect((await redis.hgetBuffer(keys.inputs, 'key/site'))?.includes(secret)).toBe(false);
    expect(await readAll()).toEqual({ 'key/site': secret, 'key/other': `${secret}2` });
    expect(masterKey).toHaveLength(32);
  });

  it('keeps the log bounded', async () => {
    const writer = newWriter();
    await takeOver(writer, {});
    for (let at = 0; at < 10_300; at++) await write(writer, { 'pod/shop/a': String(at) });
    expect(await redis.xlen(keys.log)).toBeLessThan(10_250);
    expect(await redis.xlen(keys.log)).toBeGreaterThanOrEqual(10_000);
  });

  it('notices that the data is gone, changed by hand or rolled back', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A', 'pod/shop/b': 'B' });
    expect(await writer.check()).toBe('unchanged');
    await redis.hdel(keys.inputs, 'pod/shop/a');
    expect(await writer.check()).toBe('moved');
    await redis.del(keys.meta);
    expect(await writer.check()).toBe('moved');
    expect(await write(writer, { 'pod/shop/c': 'C' })).toEqual({ kind: 'moved' });
    await takeOver(writer, { 'pod/shop/a': 'A' });
    expect(await readAll()).toEqual({ 'pod/shop/a': 'A' });
    expect(await writer.check()).toBe('unchanged');
  });
});

describe('a large write', () => {
  const many = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`pod/shop/p${at}`, 'x'.repeat(2_000)]));

  it('is taken over in one step and leaves nothing behind', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/old': 'O', 'config/template': 'T' });
    const mirror = new Mirror();
    await mirror.read();
    const taken = await takeOver(writer, { ...many, 'config/template': 'T' });
    expect(taken?.batch.isStaged).toBe(true);
    expect(await mirror.read()).toMatchObject({ mode: 'full', revision: 2 });
    expect(Object.fromEntries(mirror.fields)).toEqual({ ...many, 'config/template': 'T' });
    expect(await redis.keys(`${keys.inputs}:staged*`)).toEqual([]);
  });

  it('whose staged part was lost is refused whole', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/old': 'O' });
    const batch = await writer.compare(asMap({ ...many, 'pod/shop/old': 'O' }), cause());
    const racing = connect(server.url);
    // The staged hash disappears before the script takes it, as when it expired.
    const multi = redis.multi.bind(redis);
    let calls = 0;
    Object.assign(redis, {
      multi: () => {
        calls++;
        const chain = multi();
        const exec = chain.exec.bind(chain);
        Object.assign(chain, {
          exec: async () => {
            const done = await exec();
            for (const key of await racing.keys(`${keys.inputs}:staged*`)) await racing.del(key);
            return done;
          },
        });
        return chain;
      },
    });
    try {
      expect(batch && (await writer.send(batch))).toEqual({ kind: 'moved' });
    } finally {
      Object.assign(redis, { multi });
    }
    expect(calls).toBeGreaterThan(1);
    expect(await readAll()).toEqual({ 'pod/shop/old': 'O' });
  });
});

describe('a reader', () => {
  it('says so when no inputs are there', async () => {
    await expect(newReader().read()).rejects.toMatchObject({ code: 'inputs-absent' });
  });

  it('reads everything when the log does not reach back', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A' });
    const mirror = new Mirror();
    await mirror.read();
    await write(writer, { 'pod/shop/a': null, 'pod/shop/b': 'B' });
    await write(writer, { 'pod/shop/c': 'C' });
    await redis.xtrim(keys.log, 'MAXLEN', 1);
    expect(await mirror.read()).toMatchObject({ mode: 'full', revision: 3 });
    expect(Object.fromEntries(mirror.fields)).toEqual({ 'pod/shop/b': 'B', 'pod/shop/c': 'C' });
  });

  it('reads a long delta in chunks', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A' });
    const mirror = new Mirror();
    await mirror.read();
    const changes = Object.fromEntries(Array.from({ length: 900 }, (_, at) => [`pod/shop/p${at}`, `${at}`]));
    await write(writer, { ...changes, 'pod/shop/a': null });
    expect(await mirror.read()).toMatchObject({ mode: 'delta', revision: 2 });
    expect(Object.fromEntries(mirror.fields)).toEqual(changes);
  });

  it('reads everything anew after Redis lost its data', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A' });
    const mirror = new Mirror();
    await mirror.read();
    await redis.del(keys.meta, keys.inputs, keys.log);
    await takeOver(writer, { 'pod/shop/b': 'B' });
    expect(await mirror.read()).toMatchObject({ mode: 'full', revision: 1 });
    expect(Object.fromEntries(mirror.fields)).toEqual({ 'pod/shop/b': 'B' });
  });

  /** Puts Redis back to what it held, as a restart from an old snapshot does. */
  async function rolledBack(between: () => Promise<void>) {
    const saved = await Promise.all([keys.meta, keys.inputs, keys.log].map((key) => redis.dumpBuffer(key)));
    await between();
    for (const [at, key] of [keys.meta, keys.inputs, keys.log].entries()) {
      await redis.restore(key, 0, saved[at] ?? '', 'REPLACE');
    }
  }

  it('is not fooled when Redis comes back with an older state and the writer goes on', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A' });
    const before = writer.position;
    const mirror = new Mirror();
    await rolledBack(async () => {
      await write(writer, { 'pod/shop/lost': 'L' });
      await mirror.read();
    });
    expect(await write(writer, { 'pod/shop/b': 'B' })).toEqual({ kind: 'moved' });
    expect(await writer.claim(term(1))).toEqual({ kind: 'claimed', begins: true, isOwn: false });
    await expect(newReader().read()).rejects.toMatchObject({ code: 'inputs-absent' });
    await takeOver(writer, { 'pod/shop/a': 'A', 'pod/shop/b': 'B' });
    expect(writer.position.epoch).not.toBe(before.epoch);
    expect(await mirror.read()).toMatchObject({ mode: 'full', revision: 1 });
    expect(Object.fromEntries(mirror.fields)).toEqual({ 'pod/shop/a': 'A', 'pod/shop/b': 'B' });
  });

  it('is not fooled either when another writer goes on, which cannot know', async () => {
    const writer = newWriter();
    await takeOver(writer, { 'pod/shop/a': 'A' });
    const mirror = new Mirror();
    await rolledBack(async () => {
      await write(writer, { 'pod/shop/lost': 'L' });
      await mirror.read();
    });
    const next = newWriter();
    await takeOver(next, { 'pod/shop/a': 'A', 'pod/shop/b': 'B' }, term(2));
    await mirror.read();
    expect(Object.fromEntries(mirror.fields)).toEqual({ 'pod/shop/a': 'A', 'pod/shop/b': 'B' });
    expect(await writer.claim(term(3))).toEqual({ kind: 'claimed', begins: true, isOwn: false });
  });

  it('always sees a state that existed, whatever is written while it reads', async () => {
    const writer = newWriter();
    const count = 600;
    const state = (round: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, at) => [inputField('pod', 's', `${at}`), `${round}`]));
    await takeOver(writer, { ...state(0), extra: '' });
    let isDone = false;
    const writing = (async () => {
      for (let round = 1; round < 60; round++) {
        // Odd rounds also carry a field that even rounds have not.
        await write(writer, { ...state(round), [`odd/${round - 1}`]: null, [`odd/${round}`]: 'x' });
      }
      isDone = true;
    })();
    const mirror = new Mirror();
    let reads = 0;
    while (!isDone) {
      if (reads++ % 5 === 4) mirror.reader.reset();
      await mirror.read();
      const rounds = new Set(
        Array.from(mirror.fields).flatMap(([field, value]) => (field.startsWith('pod/') ? [value] : [])),
      );
      expect(rounds.size).toBe(1);
      const [round] = rounds;
      expect([...mirror.fields.keys()].filter((field) => field.startsWith('odd/'))).toEqual(
        round === '0' ? [] : [`odd/${round}`],
      );
    }
    await writing;
    await mirror.read();
    expect(digestOf([...mirror.fields.values()].sort().join())).toBe(
      digestOf([...Object.values(state(59)), '', 'x'].sort().join()),
    );
    expect(reads).toBeGreaterThan(3);
  });
});
