import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type EtcdClient,
  cleanUp,
  freePort,
  registryKey,
  startEtcd,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { follow } from './follower.ts';
import { startProxy } from './proxy.ts';

afterEach(cleanUp);

const podKey = (name: string) => registryKey('pods', 'web', name);

async function write(client: EtcdClient, from: number, to: number, key = podKey) {
  for (let at = from; at < to; at++) await client.put(key(`p${at}`), `{"at":${at}}`);
}

describe('a lost connection', () => {
  it('fills the hole from the history and yields no second state', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    await client.put(registryKey('configmaps', 'lb', 'config'), '{}');
    const follower = follow({ endpoints: proxy.url });
    await follower.synced();
    await write(client, 0, 5);
    await follower.agreesWith(client);
    await proxy.shut();
    await waitFor(() => follower.source.status.problem, { what: 'the outage to be noticed' });
    expect(follower.source.status.synced).toBe(false);
    await write(client, 3, 60);
    await client.del(podKey('p0'));
    await proxy.reopen();
    await follower.agreesWith(client);
    await follower.synced();
    expect(follower.tales('filled')).toMatchObject([{ subtree: 'pods', events: 58 }]);
    expect(
      follower
        .tales('resync')
        .map(({ subtree, reason }) => `${subtree} ${reason}`)
        .sort(),
    ).toEqual(['configmaps unproven', 'secrets unproven']);
    expect(follower.yielded.filter(({ kind }) => kind === 'state')).toHaveLength(1);
    await client.put(podKey('after'), '1');
    await follower.agreesWith(client);
  });

  it('lists again when the hole is longer than the history', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    await write(client, 0, 5);
    const follower = follow({ endpoints: proxy.url });
    await follower.synced();
    await client.put(podKey('seen'), '1');
    await follower.agreesWith(client);
    await proxy.shut();
    await client.del(podKey('p0'));
    await client.put(podKey('p1'), 'changed');
    await write(client, 0, 1_100, (name) => `/registry/events/web/${name}`);
    await proxy.reopen();
    await follower.agreesWith(client);
    expect(follower.tales('resync')).toContainEqual(expect.objectContaining({ subtree: 'pods', reason: 'outdated' }));
  });

  it('is cut again and again during writes without losing one', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    const follower = follow({ endpoints: proxy.url });
    await follower.synced();
    let done = false;
    const cutting = (async () => {
      while (!done) {
        const { events } = follower.source.status;
        await waitFor(() => done || follower.source.status.events > events + 100, { what: 'events' });
        proxy.cut();
      }
    })();
    for (let at = 0; at < 2_000; at += 4) {
      const key = podKey(`p${at % 200}`);
      await Promise.all([1, 2, 3].map((more) => client.put(podKey(`p${(at + more) % 200}`), `${at}`)));
      await (at % 20 === 0 ? client.del(key).catch(() => undefined) : client.put(key, `${at}`));
    }
    done = true;
    await cutting;
    await follower.agreesWith(client);
    expect(follower.source.status.reconnects).toBeGreaterThan(0);
  });

  it('is noticed when it freezes without a word', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    const follower = follow({ endpoints: proxy.url, requestTimeoutMs: 500 });
    await follower.synced();
    proxy.freeze({ also: 'new' });
    await client.put(podKey('unseen'), '1');
    await waitFor(() => follower.source.status.problem, { what: 'the frozen connection to be noticed' });
    expect(follower.tales('lost')[0]).toMatchObject({ code: 'etcd2-unreachable' });
    expect(follower.objects.size).toBe(0);
    proxy.cut();
    proxy.thaw();
    await follower.agreesWith(client);
  });

  it('is noticed when only one stream freezes', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    const follower = follow({ endpoints: proxy.url });
    await follower.synced();
    expect(proxy.freezeStream('pods')).toBe(1);
    await client.put(podKey('unseen'), '1');
    await follower.agreesWith(client);
    expect(follower.tales('interrupted')).toMatchObject([
      { subtree: 'pods', reason: expect.stringMatching(/stalled/) },
    ]);
    expect(follower.tales('lost')).toEqual([]);
  });

  it('is noticed soon when etcd forgets a stream that lags behind a burst', async () => {
    const { client, url } = await startEtcd();
    const proxy = await startProxy(url);
    const follower = follow({ endpoints: proxy.url, probeIntervalMs: 600_000 });
    await follower.synced();
    expect(proxy.freezeStream('pods')).toBe(1);
    // Larger than what the connections on the way hold.
    const bulk = 'x'.repeat(60_000);
    for (let at = 0; at < 600; at++) await client.put(podKey(`p${at % 20}`), `{"at":${at},"bulk":"${bulk}"}`);
    proxy.thaw();
    await follower.agreesWith(client);
    expect(follower.tales('interrupted')).toMatchObject([
      { subtree: 'pods', reason: expect.stringMatching(/stalled/) },
    ]);
  });

  it('is not mistaken for one when a silent subtree lies in a busy store', async () => {
    const { client, url } = await startEtcd();
    const follower = follow({ endpoints: url, probeIntervalMs: 20, stallGraceMs: 20 });
    await follower.synced();
    const from = Number(follower.source.status.position);
    await waitFor(
      async () => {
        await client.put('/registry/events/web/noise', 'x');
        await client.put('/registry/pods/_hidden/x', 'x');
        return Number(follower.source.status.position) > from + 100;
      },
      { what: 'a hundred foreign writes to be noticed' },
    );
    expect(follower.source.status).toMatchObject({ synced: true, events: 0, reconnects: 0, resyncs: 0 });
  });
});

describe('an etcd that ends', () => {
  it('is followed again when it returns with its data', async () => {
    const etcd = await startEtcd();
    await write(etcd.client, 0, 10);
    const follower = follow({ endpoints: etcd.url });
    await follower.synced();
    await etcd.client.put(podKey('seen'), '1');
    await follower.agreesWith(etcd.client);
    await etcd.kill();
    await waitFor(() => follower.source.status.problem?.includes(etcd.url), {
      what: 'the problem to name the endpoint',
    });
    await etcd.restart();
    await etcd.client.put(podKey('p3'), 'changed');
    await etcd.client.del(podKey('p4'));
    await follower.agreesWith(etcd.client);
    await follower.synced();
    expect(follower.yielded.filter(({ kind }) => kind === 'state')).toHaveLength(1);
  });

  it.each([{ newCluster: false }, { newCluster: true }])(
    'is recognized as another store when it returns empty: %o',
    async (how) => {
      const etcd = await startEtcd();
      await write(etcd.client, 0, 20);
      const follower = follow({ endpoints: etcd.url });
      await follower.synced();
      await etcd.restart({ wipe: true, ...how });
      await etcd.client.put(podKey('p1'), 'new');
      await follower.agreesWith(etcd.client);
      expect([...follower.objects]).toEqual([['pods/web/p1', 'new']]);
      expect(follower.tales('diverged')).toHaveLength(1);
      expect(follower.source.status.resyncs).toBeGreaterThan(0);
    },
  );

  // The second one writes more than was lost before the source can look: no index goes back.
  it.each([{ writes: 3 }, { writes: 60 }])(
    'is recognized when it returns with older data and %o',
    async ({ writes }) => {
      const { path: dir } = temporaryFolder('younger');
      const etcd = await startEtcd({ dir });
      const proxy = await startProxy(etcd.url);
      await write(etcd.client, 0, 10);
      await etcd.kill();
      cpSync(join(dir, 'data'), join(dir, 'copy'), { recursive: true });
      await etcd.restart();
      const follower = follow({ endpoints: proxy.url });
      await follower.synced();
      await write(etcd.client, 10, 30);
      await etcd.client.put(podKey('p1'), 'a write that will be undone');
      await etcd.client.put(registryKey('configmaps', 'lb', 'undone'), 'too');
      await follower.agreesWith(etcd.client);
      await proxy.shut();
      await etcd.kill();
      rmSync(join(dir, 'data'), { recursive: true });
      cpSync(join(dir, 'copy'), join(dir, 'data'), { recursive: true });
      await etcd.restart();
      await write(etcd.client, 100, 100 + writes);
      await proxy.reopen();
      await follower.agreesWith(etcd.client);
      expect(follower.objects.get('pods/web/p1')).toBe('{"at":1}');
      expect(follower.tales('diverged')).toHaveLength(1);
    },
  );

  it('is left for the next endpoint', async () => {
    const { client, url } = await startEtcd();
    const dead = `http://127.0.0.1:${await freePort()}`;
    const proxies = [await startProxy(url), await startProxy(url)] as const;
    const follower = follow({ endpoints: [dead, proxies[0].url, proxies[1].url] });
    await follower.synced();
    expect(follower.tales('lost')).toMatchObject([{ endpoint: dead, code: 'etcd2-unreachable', retryMs: 0 }]);
    await client.put(podKey('a'), '1');
    await follower.agreesWith(client);
    await proxies[0].shut();
    await client.put(podKey('b'), '1');
    await follower.agreesWith(client);
    await follower.synced();
    expect(follower.source.status.endpoint).toBe(proxies[1].url);
  });

  it('is left when it is frozen', async () => {
    const [first, second] = [await startEtcd(), await startEtcd()];
    const follower = follow({ endpoints: [first.url, second.url], requestTimeoutMs: 500 });
    await follower.synced();
    await first.kill('SIGSTOP');
    await second.client.put(podKey('here'), '1');
    await follower.agreesWith(second.client);
    expect(follower.tales('diverged')).toHaveLength(1);
  });
});
