import { X509Certificate } from 'node:crypto';
import { type PodServer, type Stack, certificate, cleanUp, startStack, waitFor } from '@flotilla/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { World, ask, exampleTemplate, servedBy, servedFingerprint, service, startPods } from './world.ts';

describe('a write to etcd reaches the traffic of every node', () => {
  let stack: Stack;
  let world: World;
  let port: number;
  let pods: Record<string, PodServer>;
  const at = (name: string): PodServer => pods[name] as PodServer;

  beforeAll(async () => {
    ({ port, pods } = await startPods(['shop-1', 'shop-2', 'blog-1']));
    stack = await startStack({ nodes: 2, renderers: 2 }, async (store) => {
      world = new World(store);
      await world.template(exampleTemplate('https'));
      await world.services({ shop: service('shop', port, { ssl: true }) });
      await world.pod('shop-1', 'shop', at('shop-1'));
    });
  });
  afterAll(cleanUp);

  test('a pod that was there before the start is served', async () => {
    await servedBy(stack, 'shop.example.com', ['shop-1']);
  });

  test('a pod that comes is served, and one that goes is not', async () => {
    await world.pod('shop-2', 'shop', at('shop-2'));
    await servedBy(stack, 'shop.example.com', ['shop-1', 'shop-2']);
    await world.removePod('shop-1');
    await servedBy(stack, 'shop.example.com', ['shop-2']);
  });

  test('a pod that is not ready is not served', async () => {
    await world.pod('shop-1', 'shop', at('shop-1'), false);
    await world.pod('blog-1', 'shop', at('blog-1'));
    await servedBy(stack, 'shop.example.com', ['blog-1', 'shop-2']);
    await world.removePod('blog-1');
    await servedBy(stack, 'shop.example.com', ['shop-2']);
  });

  test('a service that comes gets a backend of its own', async () => {
    await world.pod('blog-1', 'blog', at('blog-1'));
    await world.services({ blog: service('blog', port) });
    await servedBy(stack, 'blog.example.com', ['blog-1']);
  });

  test('a directory of pods that is deleted at once is gone', async () => {
    await stack.store.del('/registry/pods/default', { recursive: true, dir: true });
    await servedBy(stack, 'shop.example.com', ['503']);
    await world.pod('shop-1', 'shop', at('shop-1'));
    await world.pod('blog-1', 'blog', at('blog-1'));
    await servedBy(stack, 'shop.example.com', ['shop-1']);
  });

  test('a certificate is served, and its successor after it', async () => {
    for (let round = 0; round < 2; round++) {
      const pair = await certificate({ cn: 'shop.example.com' });
      await world.certificates({ shop: pair });
      const wanted = new X509Certificate(pair.cert).fingerprint256;
      for (const node of stack.nodes) {
        await waitFor(async () => (await servedFingerprint(node.httpsPort, 'shop.example.com')) === wanted, {
          what: `certificate ${round + 1} on ${node.name}`,
          deadlineMs: 20_000,
        });
      }
    }
  });

  test('a bad service entry leaves the others alone and keeps its last good value', async () => {
    await world.services({
      shop: '{"namespace": "default"',
      extra: service('shop', port, { hostnames: ['extra.example.com'] }),
    });
    await servedBy(stack, 'extra.example.com', ['shop-1']);
    await servedBy(stack, 'shop.example.com', ['shop-1']);
    await world.services({ shop: service('shop', port, { ssl: true }), extra: undefined });
    await servedBy(stack, 'extra.example.com', ['503']);
  });

  test('a template that HAProxy refuses changes nothing, and the next good one is taken', async () => {
    const good = exampleTemplate('https');
    await world.template(good.replace('balance leastconn', 'nonsense leastconn'));
    const refusal = await Promise.any(
      stack.renderers.map((renderer) =>
        renderer.waitForLog((line) => JSON.stringify(line).includes('nonsense'), { what: "HAProxy's refusal" }),
      ),
    );
    expect(JSON.stringify(refusal)).toContain('haproxy.cfg:');
    expect(await ask(stack.nodes[0]!, 'shop.example.com')).toEqual({ status: 200, pod: 'shop-1' });
    await world.template(good);
    await world.pod('shop-2', 'shop', at('shop-2'));
    await servedBy(stack, 'shop.example.com', ['shop-1', 'shop-2']);
  });
});
