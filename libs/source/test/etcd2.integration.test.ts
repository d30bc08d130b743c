import { afterEach, describe, expect, it } from 'vitest';
import { type EtcdClient, cleanUp, configMap, pod, registryKey, secret, startEtcd, waitFor } from '@flotilla/testkit';
import { follow } from './follower.ts';
import { startProxy } from './proxy.ts';

afterEach(cleanUp);

const podKey = (name: string) => registryKey('pods', 'web', name);

/** Writes many pods, a few at a time, as many clients would. */
async function writePods(client: EtcdClient, count: number, text: (at: number) => string, names = count) {
  await Promise.all(
    Array.from({ length: 16 }, async (_, lane) => {
      for (let at = lane; at < count; at += 16) await client.put(podKey(`p${at % names}`), text(at));
    }),
  );
}

describe('following etcd', () => {
  it('yields the state first, then every kind of change', async () => {
    const { client, url } = await startEtcd();
    const before = pod({ name: 'old', namespace: 'web' });
    await client.put(podKey('old'), before);
    await client.put(
      registryKey('configmaps', 'lb', 'config'),
      configMap({ namespace: 'lb', name: 'config', data: {} }),
    );
    const follower = follow({ endpoints: url });
    await follower.synced();
    expect(follower.yielded[0]).toMatchObject({ kind: 'state', objects: { length: 2 } });
    expect(follower.objects.get('pods/web/old')).toBe(JSON.stringify(before));

    const a = await client.create(podKey('a'), '{"v":1}');
    await client.compareAndSwap(podKey('a'), '{"v":2}', { index: a.node.modifiedIndex });
    await follower.agreesWith(client);
    await client.create(podKey('b'), 'b');
    await client.create(podKey('c'), 'c');
    await client.compareAndDelete(podKey('b'), { value: 'b' });
    await client.del(podKey('old'));
    await client.create(podKey('brief'), 'x', { ttlSeconds: 1 });
    await waitFor(() => follower.objects.has('pods/web/brief'), { what: 'the pod that expires' });
    await waitFor(() => !follower.objects.has('pods/web/brief'), { what: 'its end' });
    await follower.agreesWith(client);
    expect([...follower.objects.keys()].sort()).toEqual(['configmaps/lb/config', 'pods/web/a', 'pods/web/c']);
    expect(follower.source.status).toMatchObject({ synced: true, problem: undefined, resyncs: 0, reconnects: 0 });
    expect(Number(follower.source.status.position)).toBeGreaterThanOrEqual(
      (await client.get(podKey('a'))).node.modifiedIndex,
    );
  });

  it('of many subtrees is no leak, whatever happens to etcd meanwhile', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error) => warnings.push(warning);
    process.on('warning', warn);
    const etcd = await startEtcd();
    const namespaces = Array.from({ length: 30 }, (_, at) => `fleet-${at}`);
    const follower = follow({ endpoints: etcd.url, resources: namespaces.map((name) => `configmaps/${name}`) });
    await follower.synced();
    await etcd.restart();
    for (const namespace of namespaces) await etcd.client.put(registryKey('configmaps', namespace, 'x'), 'x');
    await waitFor(() => follower.objects.size === namespaces.length, { what: 'all fleets' });
    process.off('warning', warn);
    expect(warnings).toEqual([]);
  });

  it('begins with an empty store and sees the first object', async () => {
    const { client, url } = await startEtcd();
    const follower = follow({ endpoints: `${url}/` });
    await follower.synced();
    expect(follower.yielded).toEqual([{ kind: 'state', objects: [], position: expect.stringMatching(/^\d+$/) }]);
    await client.put(registryKey('secrets', 'lb', 'keys'), secret({ namespace: 'lb', name: 'keys', data: { a: 'b' } }));
    await follower.agreesWith(client);
    expect(follower.objects.size).toBe(1);
  });

  it('takes the deletion of a directory as that of all in it at once, at any depth', async () => {
    const { client, url } = await startEtcd();
    for (const namespace of ['web', 'web2']) {
      for (const name of ['a', 'b']) await client.put(registryKey('pods', namespace, name), name);
    }
    await client.put(registryKey('configmaps', 'web', 'x'), 'x');
    const follower = follow({ endpoints: url });
    await follower.synced();
    await client.del('/registry/pods/web', { recursive: true, dir: true });
    await follower.agreesWith(client);
    expect([...follower.objects.keys()].sort()).toEqual(['configmaps/web/x', 'pods/web2/a', 'pods/web2/b']);
    const last = follower.yielded.at(-1);
    // In the order of the state, and etcd lists the members of a directory in any.
    const changes = last?.kind === 'changes' ? last.changes.toSorted((a, b) => (a.path < b.path ? -1 : 1)) : [];
    expect(changes).toMatchObject(['pods/web/a', 'pods/web/b'].map((path) => ({ kind: 'delete', path })));

    await client.del('/registry', { recursive: true, dir: true });
    await waitFor(() => follower.objects.size === 0, { what: 'everything to be gone' });
    await client.put(podKey('again'), 'again');
    await follower.agreesWith(client);
    expect(follower.source.status.reconnects).toBe(0);
  });

  it('passes on what is no JSON and skips what is no object', async () => {
    const { client, url } = await startEtcd();
    await client.put(podKey('bad'), 'not { JSON "é" \u2028 <&>\n');
    await client.put('/registry/pods/stray', 'a value in a namespace’s place');
    await client.put('/registry/pods/web/deep/er', 'too deep');
    await client.put('/registry/pods/_hidden/x', 'hidden');
    const follower = follow({ endpoints: url });
    await follower.synced();
    await client.put('/registry/pods/web/deep/est', 'too deep');
    await client.put('/registry/pods/web/_hidden', 'hidden');
    await client.put('/registry/services/specs/web/x', 'elsewhere');
    await client.put(podKey('worse'), '');
    await waitFor(() => follower.objects.has('pods/web/worse'), { what: 'the last write' });
    expect(Object.fromEntries(follower.objects)).toEqual({
      'pods/web/bad': 'not { JSON "é" \u2028 <&>\n',
      'pods/web/worse': '',
    });
  });

  it('drops what is not wanted, and never asks for what lies outside its subtrees', async () => {
    const { client, url } = await startEtcd();
    const write = async (value: string) => {
      for (const namespace of ['lb', 'other']) await client.put(registryKey('secrets', namespace, 'keys'), value);
      await client.put(registryKey('configmaps', 'other', 'config'), value);
    };
    await write('1');
    const wanted = follow({ endpoints: url, wants: (path) => path.split('/')[1] === 'lb' });
    const narrow = follow({ endpoints: url, resources: ['pods', 'secrets/lb'] });
    await Promise.all([wanted.synced(), narrow.synced()]);
    await write('2');
    await client.put(registryKey('secrets', 'lb', 'last'), '');
    for (const follower of [wanted, narrow]) {
      await waitFor(() => follower.objects.has('secrets/lb/last'), { what: 'the last write' });
      expect(Object.fromEntries(follower.objects)).toEqual({ 'secrets/lb/keys': '2', 'secrets/lb/last': '' });
      expect(JSON.stringify(follower.yielded)).not.toContain('other');
    }
    await client.del('/registry/secrets', { recursive: true, dir: true });
    for (const follower of [wanted, narrow]) {
      await waitFor(() => follower.objects.size === 0, { what: 'the secrets to be gone' });
    }
  });

  it('loses none of 5,000 writes, however slow the consumer is', async () => {
    const { client, url } = await startEtcd();
    const filler = 'x'.repeat(3_000);
    const quickOne = follow({ endpoints: url });
    const slowOne = follow({ endpoints: url, busy: () => new Promise((resolve) => setTimeout(resolve, 100)) });
    await Promise.all([quickOne.synced(), slowOne.synced()]);
    await writePods(client, 5_000, (at) => JSON.stringify({ at, filler }), 500);
    await quickOne.agreesWith(client);
    await slowOne.agreesWith(client);
    const largest = Math.max(...slowOne.yielded.map((event) => (event.kind === 'changes' ? event.changes.length : 0)));
    expect(largest).toBeLessThanOrEqual(500);
  });

  it('ends when it is told to, and leaves no connection open', async () => {
    const { url } = await startEtcd();
    const proxy = await startProxy(url);
    const follower = follow({ endpoints: proxy.url });
    await follower.synced();
    expect(proxy.connections()).toBeGreaterThan(0);
    await follower.stop();
    await waitFor(() => proxy.connections() === 0, { what: 'the connections to be closed' });
  });

  it('can be followed again, beginning with a state', async () => {
    const { client, url } = await startEtcd();
    await client.put(podKey('a'), '1');
    const { source, synced, stop } = follow({ endpoints: url });
    await synced();
    await expect(source.follow(AbortSignal.abort())[Symbol.asyncIterator]().next()).rejects.toThrow(/already/);
    await stop();
    await client.del(podKey('a'));
    for await (const event of source.follow(new AbortController().signal)) {
      expect(event).toMatchObject({ kind: 'state', objects: [] });
      break;
    }
    expect(source.status.synced).toBe(false);
  });
});
