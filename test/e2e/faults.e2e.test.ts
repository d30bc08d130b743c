import {
  type LoadClient,
  type PodServer,
  type Stack,
  cleanUp,
  loadClient,
  startStack,
  waitFor,
} from '@flotilla/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World, ask, exampleTemplate, servedBy, service, startPods } from './world.ts';

const host = 'shop.example.com';

describe('whatever is killed, nodes keep serving and come to the last state', () => {
  let stack: Stack;
  let world: World;
  let port: number;
  let pods: Record<string, PodServer>;
  let load: LoadClient;
  const at = (name: string): PodServer => pods[name] as PodServer;
  const fill = async (): Promise<void> => {
    await world.template(exampleTemplate('http'));
    await world.services({ shop: service('shop', port) });
    await world.pod('shop-1', 'shop', at('shop-1'));
  };
  const start = (node: Stack['nodes'][number] | undefined): LoadClient =>
    loadClient({ url: `http://127.0.0.1:${node?.httpPort}/`, headers: { host }, connections: 2, pauseMs: 2 });

  beforeAll(async () => {
    ({ port, pods } = await startPods(['shop-1', 'shop-2']));
    stack = await startStack({ nodes: 2, renderers: 2, persist: true }, async (store) => {
      world = new World(store);
      await fill();
    });
    await servedBy(stack, host, ['shop-1']);
    load = start(stack.nodes[0]);
  });
  afterAll(cleanUp);

  test('the leading watcher is killed: another one takes over', async () => {
    const standby = await stack.startWatcher();
    await stack.watcher.kill();
    await world.pod('shop-2', 'shop', at('shop-2'));
    await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
    stack.watcher = standby;
  });

  test('a renderer is killed: the other one goes on', async () => {
    const [first, second] = stack.renderers;
    await world.removePod('shop-2');
    await first?.kill();
    await servedBy(stack, host, ['shop-1'], 40_000);
    stack.renderers = [second!, await stack.startRenderer()];
  });

  test('Redis is restarted with its data', async () => {
    await stack.redis.restart();
    await world.pod('shop-2', 'shop', at('shop-2'));
    await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
  });

  test('Redis is restarted without its data: a new epoch begins, and traffic goes on', async () => {
    const epoch = async (): Promise<string | null> => {
      const redis = new Redis(stack.redis.url);
      try {
        return await redis.hget('flotilla:{lb}:meta', 'epoch');
      } finally {
        redis.disconnect();
      }
    };
    const before = await epoch();
    await stack.redis.restart({ wipe: true });
    await world.removePod('shop-2');
    await servedBy(stack, host, ['shop-1'], 40_000);
    expect(await epoch()).not.toBe(before);
  });

  test('etcd is away and comes back with its data', async () => {
    await stack.etcd.kill();
    expect(await ask(stack.nodes[1]!, host)).toEqual({ status: 200, pod: 'shop-1' });
    await stack.etcd.restart();
    await world.pod('shop-2', 'shop', at('shop-2'));
    await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
  });

  test('etcd comes back empty: the last good version stays until the cluster is there again', async () => {
    await stack.etcd.restart({ wipe: true, newCluster: true });
    await stack.watcher.waitForLog((line) => JSON.stringify(line).includes('configmaps/lb/services'), {
      what: 'a word on the missing objects',
    });
    await servedBy(stack, host, ['shop-1', 'shop-2']);
    await fill();
    await servedBy(stack, host, ['shop-1'], 40_000);
  });

  test('an agent is killed: its HAProxy serves on, and the next agent takes it over', async () => {
    const node = stack.nodes[1]!;
    const other = start(node);
    await node.agent.kill();
    await world.pod('shop-2', 'shop', at('shop-2'));
    await node.restart();
    await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
    expect((await other.stop()).reasons).toEqual({});
  });

  test('through all of this no request failed on a node whose agent lived', async () => {
    const { ok, reasons } = await load.stop();
    expect(reasons).toEqual({});
    expect(ok).toBeGreaterThan(100);
  });

  test('an agent that starts without Redis serves what is on its disk', async () => {
    const node = stack.nodes[1]!;
    await node.agent.stop();
    await stack.redis.kill();
    await node.restart();
    await waitFor(async () => (await ask(node, host)).status === 200, {
      what: 'traffic from the disk',
      deadlineMs: 20_000,
    });
    await stack.redis.restart();
    await world.removePod('shop-1');
    await servedBy(stack, host, ['shop-2'], 40_000);
  });
});

describe('a burst of changes', () => {
  test('5,000 writes under traffic: nothing is lost and no request fails', async () => {
    const { port, pods } = await startPods(['steady-1', 'steady-2']);
    let world: World | undefined;
    const stack = await startStack({ nodes: 1, renderers: 1 }, async (store) => {
      world = new World(store);
      await world.template(exampleTemplate('http').replace(' check\n', '\n'));
      await world.services({ steady: service('steady', port), moving: service('moving', port) });
      for (const [name, server] of Object.entries(pods)) await world.pod(name, 'steady', server);
    });
    try {
      await servedBy(stack, 'steady.example.com', ['steady-1', 'steady-2']);
      const node = stack.nodes[0]!;
      const load = loadClient({
        url: `http://127.0.0.1:${node.httpPort}/`,
        headers: { host: 'steady.example.com' },
        connections: 2,
        pauseMs: 2,
      });
      const rounds = 100;
      await Promise.all(
        Array.from({ length: 50 }, async (_, pod) => {
          for (let round = 0; round < rounds; round++) {
            await world!.pod(
              `moving-${pod}`,
              'moving',
              { host: round === rounds - 1 ? '127.77.0.1' : `127.${round + 1}.0.1` },
              round % 7 !== 3,
            );
          }
        }),
      );
      await world!.pod('moving-0', 'moving', pods['steady-1']!);
      for (let pod = 1; pod < 50; pod++) await world!.removePod(`moving-${pod}`);
      await servedBy(stack, 'moving.example.com', ['steady-1'], 60_000);
      expect((await load.stop()).reasons).toEqual({});
    } finally {
      await cleanUp();
    }
  });
});
