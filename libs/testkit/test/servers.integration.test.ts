import { X509Certificate, createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  EtcdClient,
  type Haproxy,
  type HaproxyPlaces,
  certificate,
  cleanUp,
  freePort,
  loadClient,
  pod,
  registryKey,
  startEtcd,
  startHaproxy,
  startPodServer,
  startRedis,
  waitFor,
} from '../src/index.ts';
import { alive } from './alive.ts';

afterEach(cleanUp);
afterAll(cleanUp);

describe('etcd', () => {
  it('stores objects, compares and swaps, and deletes a folder', async () => {
    const { client } = await startEtcd();
    const key = registryKey('pods', 'web', 'a');
    const written = await client.put(key, pod({ name: 'a', namespace: 'web' }));
    await client.compareAndSwap(key, 'second', { index: written.node.modifiedIndex });
    await expect(client.compareAndSwap(key, 'third', { value: 'first' })).rejects.toMatchObject({ errorCode: 101 });
    expect((await client.get(key)).node.value).toBe('second');
    await client.del('/registry/pods/web', { recursive: true, dir: true });
    await expect(client.get(key)).rejects.toMatchObject({ errorCode: 100 });
  });

  it('restarts on the same port with its data, or without', async () => {
    const etcd = await startEtcd();
    await etcd.client.put('/registry/x', '1');
    await etcd.kill();
    await etcd.restart();
    expect((await etcd.client.get('/registry/x')).node.value).toBe('1');
    const before = (await etcd.client.put('/registry/y', '1')).clusterId;
    await etcd.restart({ wipe: true, newCluster: true });
    await expect(etcd.client.get('/registry/x')).rejects.toMatchObject({ errorCode: 100 });
    expect((await etcd.client.put('/registry/y', '1')).clusterId).not.toBe(before);
  });

  it('is gone after cleanUp', async () => {
    const etcd = await startEtcd();
    const pid = etcd.pid();
    await cleanUp();
    expect(alive(pid)).toBe(false);
    await expect(new EtcdClient(etcd.url).get('/')).rejects.toThrow();
  });
});

describe('redis', () => {
  it('keeps its data over a kill when told to persist', async () => {
    const { Redis } = await import('ioredis');
    for (const persist of [true, false]) {
      const server = await startRedis({ persist });
      const redis = new Redis(server.url);
      await redis.set('a', '1');
      redis.disconnect();
      await server.kill();
      await server.restart();
      const again = new Redis(server.url);
      expect(await again.get('a')).toBe(persist ? '1' : null);
      again.disconnect();
      await server.stop();
    }
  });
});

async function workerOf(haproxy: Haproxy): Promise<number> {
  const [, pid] = /^(\d+)\s+worker/m.exec(await haproxy.master('show proc')) ?? [];
  if (pid === undefined) throw new Error('no worker');
  return Number(pid);
}

describe('haproxy', () => {
  const config = (port: number, pods: { host: string; port: number }[]) => (_: HaproxyPlaces) =>
    [
      'defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s',
      `frontend in\n  bind 127.0.0.1:${port}\n  default_backend web\nbackend web`,
      ...pods.map((at, index) => `  server s${index} ${at.host}:${at.port}`),
      '',
    ].join('\n');

  it('balances over pods, reloads, and answers on both sockets', async () => {
    const pods = [await startPodServer({ name: 'one' }), await startPodServer({ name: 'two' })];
    const port = await freePort();
    const haproxy = await startHaproxy({ config: config(port, pods) });
    const load = loadClient({ url: `http://127.0.0.1:${port}/`, connections: 2 });
    await waitFor(() => load.count().ok > 50, { what: 'fifty answers' });
    const first = await workerOf(haproxy);
    await haproxy.master('reload');
    await waitFor(async () => (await workerOf(haproxy)) !== first, { what: 'a new worker' });
    const { failed, reasons, pods: answers } = await load.stop();
    expect({ failed, reasons }).toEqual({ failed: 0, reasons: {} });
    expect(Object.keys(answers).sort()).toEqual(['one', 'two']);
    expect(await haproxy.stats('show info')).toContain('Version');
  });

  it('takes its workers along when it is killed, and removes its folder', async () => {
    const haproxy = await startHaproxy({ config: config(await freePort(), []) });
    const worker = await workerOf(haproxy);
    expect(alive(worker)).toBe(true);
    await haproxy.kill();
    await waitFor(() => !alive(worker), { what: 'the end of the worker' });
    await haproxy.stop();
    expect(existsSync(haproxy.dir)).toBe(false);
  });

  it('says why it did not start', async () => {
    await expect(startHaproxy({ config: 'nonsense\n' })).rejects.toThrow(/unknown keyword 'nonsense'/);
  });
});

describe('pod server', () => {
  it('echoes what comes over a websocket', async () => {
    const { WebSocket } = await import('undici');
    const server = await startPodServer({ name: 'a' });
    const socket = new WebSocket(`ws://${server.host}:${server.port}/`);
    const message = 'x'.repeat(70_000);
    const answer = await new Promise((resolve, reject) => {
      socket.addEventListener('open', () => {
        socket.send(message);
      });
      socket.addEventListener('message', (event) => {
        resolve(event.data);
      });
      socket.addEventListener('error', reject);
    });
    expect(answer).toBe(message);
    socket.close();
  });
});

describe('certificate', () => {
  it('has a key that fits and the names asked for', async () => {
    const { key, cert } = await certificate({ cn: 'a.example.com', san: ['a.example.com', 'b.example.com'] });
    const parsed = new X509Certificate(cert);
    expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(parsed.subjectAltName).toBe('DNS:a.example.com, DNS:b.example.com');
    expect(parsed.checkHost('b.example.com')).toBe('b.example.com');
  });
});
