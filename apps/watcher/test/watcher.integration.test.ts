import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSealer, digestOf, fleetKeys, fleetName, leaderKeys, renderQueue } from '@flotilla/domain';
import { createLogger } from '@flotilla/runtime';
import { createInputsReader, readHeldBack, readProgress, recordRefusal } from '@flotilla/inputs';
import {
  type RedisServer,
  certificate,
  cleanUp,
  configMap,
  pod,
  secret,
  servicesConfigMap,
  startRedis,
  waitFor,
} from '@flotilla/testkit';
import { ListedStore } from './listed-source.ts';
import { type Watching, expectedFields, fieldsIn, lb, masterKey, startWatching } from './watching.ts';

const keys = fleetKeys(lb);
let server: RedisServer;
let redis: Redis;
let store: ListedStore;
const running: Watching[] = [];

beforeAll(async () => {
  server = await startRedis({ persist: true });
  redis = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 30 });
  redis.on('error', () => undefined);
});
beforeEach(() => {
  store = new ListedStore();
  store.put('configmaps/lb/config', configMap({ namespace: 'lb', name: 'config', data: { template: 'T' } }));
  services({ shop: { namespace: 'web', selector: { app: 'shop' } } });
  shopPod('a');
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  await redis.flushall();
});
afterAll(async () => {
  redis.disconnect();
  await cleanUp();
});

const start = (...args: Parameters<ListedStore['source']>): Watching => {
  const watching = startWatching(server.url, store.source(...args));
  running.push(watching);
  return watching;
};
const services = (entries: Record<string, object | string>) => {
  store.put('configmaps/lb/services', servicesConfigMap({ services: entries }));
};
const shopPod = (name: string, ip = '10.0.0.1') => {
  store.put(`pods/web/${name}`, pod({ name, namespace: 'web', ip, labels: { app: 'shop' } }));
};
const converged = () =>
  waitFor(async () => JSON.stringify(sorted(await fieldsIn(redis))) === JSON.stringify(sorted(expectedFields(store))), {
    what: 'the inputs to be those of the store',
    deadlineMs: 20_000,
  });
const sorted = (fields: Record<string, string>) => Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
const meta = () => redis.hgetall(keys.meta);
const readProgressOf = async () => {
  const progress = await readProgress(redis, lb);
  if (!progress) throw new Error('the fleet has no inputs');
  return progress;
};
const queued = async () => {
  const queue = new Queue(renderQueue.name, { connection: redis, prefix: renderQueue.prefix });
  try {
    return (await queue.getWaiting()).map(({ data }) => data as unknown);
  } finally {
    await queue.close();
  }
};

describe('a watcher', () => {
  it('writes the state and every change, and adds the job', async () => {
    const watching = start();
    await converged();
    await waitFor(async () => (await queued()).length === 1, { what: 'the job' });
    expect(await queued()).toEqual([{ fleet: 'lb', revision: 1 }]);
    shopPod('b');
    await converged();
    store.del('pods/web/a');
    await converged();
    expect(await meta()).toMatchObject({ revision: '3', position: '5' });
    for (const check of Object.values(watching.checks)) expect(check()).toBeUndefined();
    expect(await watching.metric('watcher_leader')).toBe(1);
    expect(await watching.metric('inputs_revision')).toBe(3);
  });

  it('costs nothing downstream for a change that no service of the fleet takes', async () => {
    start();
    await converged();
    store.put('pods/web/other', pod({ name: 'other', namespace: 'web', ip: '10.0.0.9', labels: { app: 'other' } }));
    store.put('configmaps/kube-system/x', {});
    shopPod('b');
    await converged();
    expect(await meta()).toMatchObject({ revision: '2' });
  });

  it('tells problems and takes them back', async () => {
    const watching = start();
    await converged();
    services({ shop: '{"namespace": 1}' });
    await waitFor(async () => (await watching.metric('watcher_problems')) === 1, { what: 'the problem' });
    const fields = await fieldsIn(redis);
    expect(JSON.parse(fields['problem/configmaps%2Flb%2Fservices/shop'] ?? '')).toMatchObject({ code: 'bad-service' });
    expect(Object.keys(fields)).toContain('pod/shop/a');
    services({ shop: { namespace: 'web', selector: { app: 'shop' } } });
    await converged();
    await waitFor(async () => (await watching.metric('watcher_problems')) === 0, { what: 'the end of the problem' });
  });

  it('keeps a bad entry at its last good value over its own restart', async () => {
    const first = start();
    await converged();
    services({ shop: 'garbage' });
    store.put('configmaps/lb/config', { data: { template: '' } });
    await waitFor(async () => (await first.metric('watcher_problems')) === 2, { what: 'both problems' });
    await first.stop();
    shopPod('b');
    start();
    await waitFor(async () => 'pod/shop/b' in (await fieldsIn(redis)), { what: 'the new pod' });
    expect(await fieldsIn(redis)).toMatchObject({
      'config/template': 'T',
      'service/shop': '{"namespace":"web","selector":{"app":"shop"}}',
    });
  });

  it('lets no value stand in for a bad entry that HAProxy refused', async () => {
    running.push(startWatching(server.url, store.source(), { checkEveryMs: 50 }));
    await converged();
    const template = (text: string) => {
      store.put('configmaps/lb/config', configMap({ namespace: 'lb', name: 'config', data: { template: text } }));
    };
    const { epoch = '', revision = '' } = await meta();
    await redis.hset(keys.meta, {
      ...{ artifactEpoch: epoch, artifactRevision: revision, version: 1, checkedVersion: 1 },
      digest: digestOf(Buffer.from('content')),
    });
    template('refused');
    await converged();
    await recordRefusal(redis, lb, await readProgressOf());
    template('');
    await waitFor(async () => (await fieldsIn(redis))['config/template'] === 'T', { what: 'the accepted template' });
    expect(Object.keys(await fieldsIn(redis))).toContain('problem/configmaps%2Flb%2Fconfig/template');
  });

  it('that starts on a store without the fleet leaves what another one wrote until all of it is back', async () => {
    const first = start();
    await converged();
    await first.stop();
    store.clear();
    const second = start();
    const isHeld = async () =>
      second.trouble() === undefined && (await readHeldBack(redis, lb)).hold?.reason.includes('still missing');
    await waitFor(isHeld, { what: 'the hold' });
    shopPod('c');
    await redis.set(leaderKeys.lock, 'somebody', 'PX', 300);
    await waitFor(async () => Number(await redis.get(leaderKeys.term)) > 2, { what: 'a new term' });
    await waitFor(isHeld, { what: 'the hold' });
    services({ shop: { namespace: 'web', selector: { app: 'shop' } } });
    await waitFor(async () => (await readHeldBack(redis, lb)).hold?.missing.join() === 'configmaps/lb/config', {
      what: 'what is still missing',
    });
    const held = await fieldsIn(redis);
    expect(Object.keys(held)).toEqual(expect.arrayContaining(['config/template', 'pod/shop/a']));
    expect(Object.keys(held)).not.toContain('pod/shop/c');
    store.put('configmaps/lb/config', configMap({ namespace: 'lb', name: 'config', data: { template: 'T' } }));
    await converged();
    expect(Object.keys(await fieldsIn(redis))).toContain('pod/shop/c');
    await waitFor(async () => (await readHeldBack(redis, lb)).hold === undefined, { what: 'the end of the hold' });
  });

  it('leaves no secret in Redis in the clear', async () => {
    const pair = await certificate({ cn: 'shop.example.com' });
    store.put(
      'configmaps/lb/certificates',
      configMap({ namespace: 'lb', name: 'certificates', data: { shop: pair.cert } }),
    );
    store.put('secrets/lb/keys', secret({ namespace: 'lb', name: 'keys', data: { shop: pair.key } }));
    start();
    await converged();
    expect((await fieldsIn(redis))['key/shop']).toBe(pair.key);
    const secrets = [
      pair.key,
      Buffer.from(pair.key).toString('base64'),
      ...pair.key.split('\n').filter((line) => line.length > 20),
    ];
    const lines = secrets.filter((line) => !line.startsWith('-----'));
    const texts: string[] = [];
    for (const key of await redis.keys('*')) {
      const type = await redis.type(key);
      if (type === 'hash') texts.push(...(await redis.hvals(key)));
      else if (type === 'stream') texts.push(JSON.stringify(await redis.xrange(key, '-', '+')));
      else if (type === 'list') texts.push(...(await redis.lrange(key, 0, -1)));
      else if (type === 'string') texts.push((await redis.get(key)) ?? '');
    }
    expect(texts.join('\n')).toContain('BEGIN CERTIFICATE');
    for (const line of lines) expect(texts.join('\n')).not.toContain(line);
  });

  it('writes everything again after Redis lost its data', async () => {
    const watching = start();
    await converged();
    const { epoch } = await meta();
    await redis.flushall();
    await waitFor(async () => (await meta())['epoch'], { what: 'a new life' });
    await converged();
    expect((await meta())['epoch']).not.toBe(epoch);
    await waitFor(async () => (await queued()).length === 1, { what: 'the job' });
    await redis.hdel(keys.inputs, 'config/template');
    await converged();
    expect(watching.trouble()).toBeUndefined();
  });

  it('goes on where it was when Redis comes back with its data', async () => {
    start();
    await converged();
    const { epoch } = await meta();
    await server.kill();
    shopPod('b');
    await server.restart();
    await converged();
    expect(await meta()).toMatchObject({ epoch, revision: '2' });
  });

  it('says that the store cannot be followed, and leaves the inputs as they are', async () => {
    let isCurrent = true;
    const watching = start(() => isCurrent);
    await converged();
    const before = await meta();
    isCurrent = false;
    expect(watching.checks['source']?.()).toBe('the store is away');
    expect(await meta()).toMatchObject({ revision: before['revision'] });
    await waitFor(async () => (await watching.metric('watcher_leader')) === 0, { what: 'the end of the lead' });
    isCurrent = true;
    shopPod('b');
    await converged();
  });

  it('revives a fleet whose job was lost, also when a stray key is in the way', async () => {
    const queueKey = (name: string) => `${renderQueue.prefix}:${renderQueue.name}:${name}`;
    start();
    await converged();
    await waitFor(async () => (await queued()).length === 1, { what: 'the job' });
    await redis.del(queueKey('wait'));
    await waitFor(async () => (await queued()).length === 1, { what: 'the job again' });
    const { epoch, revision } = await meta();
    await redis.hset(keys.meta, {
      artifactEpoch: epoch ?? '',
      artifactRevision: revision ?? '',
      version: 1,
      digest: digestOf(Buffer.from('content')),
      checkedVersion: 1,
    });
    // Nothing has told the nodes of it.
    expect(await readProgress(redis, lb)).toMatchObject({ isRendered: false });
    await redis.hset(keys.meta, 'feedId', '1-1');
    await redis.hset(keys.desired, { epoch: epoch ?? '', version: 1, digest: digestOf('content'), feedId: '1-1' });
    expect(await readProgress(redis, lb)).toMatchObject({ isRendered: true });
    await redis.hset(keys.desired, { version: 0, held: 'to look at it first' });
    expect(await readProgress(redis, lb)).toMatchObject({ isRendered: true });
  });
});

describe('a queue that takes no job', () => {
  it('is told once, and as trouble for as long as it lasts', async () => {
    const lines: string[] = [];
    const log = createLogger({ app: 'watcher', level: 'info', destination: { write: (line) => lines.push(line) } });
    const watching = startWatching(server.url, store.source(), { log });
    running.push(watching);
    await converged();
    await waitFor(() => watching.trouble() === undefined, { what: 'the fleet to be followed' });
    await redis.set(`${renderQueue.prefix}:${renderQueue.name}:id`, 'no number');
    for (const name of ['b', 'c', 'd']) {
      shopPod(name);
      await converged();
      await waitFor(() => watching.trouble()?.includes('the render job cannot be added: ERR '), {
        what: 'the trouble to be told',
      });
    }
    expect(lines.filter((line) => line.includes('the render job cannot be added'))).toHaveLength(1);
    await redis.del(`${renderQueue.prefix}:${renderQueue.name}:id`);
    await waitFor(() => watching.trouble() === undefined, { what: 'the trouble to end' });
    expect(await readProgress(redis, lb)).toMatchObject({ isRendered: false });
    expect(await queued()).not.toEqual([]);
  });
});

describe('a fleet that cannot be written', () => {
  it('is trouble of that fleet, and the others go on', async () => {
    const edge = fleetName('edge');
    await redis.set(fleetKeys(edge).meta, 'no hash');
    const watching = startWatching(server.url, store.source(), { fleets: [lb, edge] });
    running.push(watching);
    await converged();
    await waitFor(() => watching.trouble(edge)?.includes('WRONGTYPE'), { what: 'the trouble to be told' });
    shopPod('b');
    await converged();
    expect(watching.trouble(lb)).toBeUndefined();
    await waitFor(() => Object.values(watching.checks).every((check) => check() === undefined), { what: 'readiness' });
    await redis.del(fleetKeys(edge).meta);
    await waitFor(() => watching.trouble(edge) === undefined, { what: 'the end of the trouble' });
  });
});

describe('several watchers', () => {
  it('take over from each other and write only what differs', async () => {
    const first = start();
    await converged();
    const second = start();
    await waitFor(() => second.checks['source']?.() === undefined, { what: 'the standby' });
    expect(await second.metric('watcher_leader')).toBe(0);
    await first.stop();
    shopPod('b');
    await converged();
    expect(await second.metric('watcher_leader')).toBe(1);
    const entries = await redis.xrange(keys.log, '-', '+');
    expect(entries.map(([, values]) => values[3])).toEqual([expect.stringContaining('config/template'), 'pod/shop/b']);
    expect(await meta()).toMatchObject({ revision: '2', term: '2' });
  });

  it('keep a leader out that comes late', async () => {
    const first = start();
    await converged();
    // Somebody else leads by now, and the first one has not noticed.
    await redis.set(leaderKeys.lock, 'somebody', 'PX', 600);
    await redis.hset(keys.meta, 'term', 7);
    shopPod('b');
    await waitFor(async () => (await first.metric('watcher_leader')) === 0, { what: 'the first to stand by' });
    expect(Object.keys(await fieldsIn(redis))).not.toContain('pod/shop/b');
    await waitFor(async () => (await first.metric('watcher_leader')) === 1, { what: 'the first to lead again' });
    await converged();
    expect(Number((await meta())['term'])).toBeGreaterThan(7);
  });
});

describe('a burst', () => {
  it('of 5,000 changes arrives whole, in few revisions', async () => {
    start();
    await converged();
    for (let at = 0; at < 5_000; at++) {
      shopPod(`p${at % 500}`, `10.1.${at >> 8}.${at & 255}`);
      if (at % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await converged();
    expect(Number((await meta())['revision'])).toBeLessThan(2_500);
  });
});

describe('whatever is killed', () => {
  it(
    'the last change is never lost: Redis and a reader that was there all along hold exactly what the store holds',
    { timeout: 120_000 },
    async () => {
      const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 12);
      const random = (below: number) => Math.floor(Math.random() * below);
      const reader = createInputsReader({ redis, fleet: lb, sealer: createSealer(masterKey, lb) });
      const mirror = new Map<string, string>();
      const read = async () => {
        const { mode, changes } = await reader.read();
        if (mode === 'full') mirror.clear();
        for (const [field, value] of changes) {
          if (value === null) mirror.delete(field);
          else mirror.set(field, value);
        }
      };
      start();
      start();
      const did: string[] = [];
      const faults: Record<string, () => Promise<void> | void> = {
        'kill a watcher': () => {
          running.splice(random(running.length), 1)[0]?.kill();
          start();
        },
        'stop a watcher': async () => {
          await running.splice(random(running.length), 1)[0]?.stop();
          start();
        },
        'kill redis': async () => {
          await server.kill();
          await server.restart();
        },
        'freeze redis': async () => {
          await server.kill('SIGSTOP');
          await new Promise((resolve) => setTimeout(resolve, 900));
          await server.kill('SIGCONT');
        },
        'empty redis': () => server.flush(),
        'lose the fleet': async () => void (await redis.del(keys.meta, keys.inputs, keys.log)),
        nothing: () => undefined,
      };
      for (let round = 0; round < rounds; round++) {
        const changing = (async () => {
          for (let at = 0; at < 60; at++) {
            const name = `p${random(30)}`;
            if (random(3) === 0) store.del(`pods/web/${name}`);
            else shopPod(name, `10.${round}.${at}.1`);
            if (random(10) === 0)
              services({
                shop: { namespace: 'web', selector: { app: 'shop' }, at },
                ...(random(2) && { all: { namespace: 'web', selector: {} } }),
              });
            await new Promise((resolve) => setTimeout(resolve, random(4)));
            await Promise.race([read().catch(() => undefined), new Promise((resolve) => setTimeout(resolve, 5))]);
          }
        })();
        const name = Object.keys(faults)[random(Object.keys(faults).length)] ?? '';
        did.push(name);
        await faults[name]?.();
        await changing;
        await converged().catch((error: unknown) => {
          throw new Error(`after ${did.join(', ')}`, { cause: error });
        });
        await read();
        expect(sorted(Object.fromEntries(mirror)), did.join(', ')).toEqual(sorted(expectedFields(store)));
      }
      await waitFor(async () => (await queued()).length === 1, { what: 'a job for the last change' });
    },
  );
});
