import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type App, type Stack, certificate, cleanUp, startStack, waitFor } from '@flotilla/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World, exampleTemplate, servedBy, servedFingerprint, service, startPods } from './world.ts';

const host = 'shop.example.com';
const password = 'hunter2-is-secret';

let stack: Stack;
let world: World;
/** Parts of secrets as they would be seen: a line of the key, the same as Kubernetes writes it, and the password. */
let words: string[];

beforeAll(async () => {
  const { port, pods } = await startPods(['shop-1']);
  const pair = await certificate({ cn: host });
  const line = pair.key.split('\n')[1] ?? '';
  const encoded = Buffer.from(pair.key).toString('base64').slice(40, 100);
  words = [line, encoded, password];
  stack = await startStack(
    { env: { FLOTILLA_LOG_LEVEL: 'trace' }, rendererEnv: { STATISTICS_PASSWORD: password } },
    async (store) => {
      world = new World(store);
      const stats = 'mode http\n  stats enable\n  stats auth {{ stats.username }}:{{ stats.password }}';
      await world.template(exampleTemplate('https').replace('mode http', stats));
      await world.services({ shop: service('shop', port, { ssl: true }) });
      await world.certificates({ shop: pair });
      await world.pod('shop-1', 'shop', pods['shop-1'] as { host: string });
    },
  );
  await servedBy(stack, host, ['shop-1']);
});
afterAll(cleanUp);

const apps = (): App[] => [stack.watcher, ...stack.renderers, ...stack.nodes.map(({ agent }) => agent)];
const found = (text: string): string[] => words.filter((word) => text.includes(word));

/** Every key and value of a Redis, one after the other. */
async function everythingIn(redis: Redis): Promise<string> {
  const texts: string[] = [];
  for (const key of await redis.keys('*')) {
    const type = await redis.type(key);
    const read: Record<string, () => Promise<unknown>> = {
      string: () => redis.getBuffer(key),
      hash: () => redis.hgetallBuffer(key),
      list: () => redis.lrangeBuffer(key, 0, -1),
      set: () => redis.smembersBuffer(key),
      zset: () => redis.zrange(key, '0', '-1'),
      stream: () => redis.xrangeBuffer(key, '-', '+'),
    };
    const value = await read[type]?.();
    if (type === 'none') continue; // It ended between the two.
    if (value === undefined) throw new Error(`${key} is a ${type}, which this test cannot read`);
    texts.push(key, flat(value));
  }
  return texts.join('\n');
}

function flat(value: unknown): string {
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  if (Array.isArray(value)) return value.map(flat).join('\n');
  if (typeof value === 'object' && value !== null) return Object.values(value).map(flat).join('\n');
  return String(value);
}

test('the secrets are on the node, where HAProxy needs them, and only its owner reads them', async () => {
  const current = join(stack.nodes[0]?.agent.dataDir ?? '', 'current');
  const files = readdirSync(current, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name)).toContain('haproxy.cfg');
  const bundle = readFileSync(join(current, 'ssl/shop.pem'), 'utf8');
  expect(found(bundle + readFileSync(join(current, 'haproxy.cfg'), 'utf8'))).toEqual([words[0], password]);
  expect(statSync(join(current, 'ssl/shop.pem')).mode & 0o777).toBe(0o600);
  expect(await servedFingerprint(stack.nodes[0]?.httpsPort ?? 0, host)).not.toBe('');
});

test('no secret is readable in Redis, in a log or in a metric, also when something fails', async () => {
  await world.template(
    `${exampleTemplate('https')}\n  stats auth {{ stats.username }}:{{ stats.password }}\n  nonsense`,
  );
  await Promise.any(
    stack.renderers.map((app) =>
      app.waitForLog((line) => JSON.stringify(line).includes('nonsense'), { what: 'the failure' }),
    ),
  );
  await world.certificates({
    shop: { key: `-----BEGIN PRIVATE KEY-----\n${words[0]}\n-----END PRIVATE KEY-----\n`, cert: 'garbage' },
  });
  await stack.watcher.waitForLog((line) => JSON.stringify(line).includes('certificates'), {
    what: 'the bad certificate',
  });

  const redis = new Redis(stack.redis.url);
  try {
    const all = await everythingIn(redis);
    expect(all).toContain('configmaps/lb/certificates');
    expect(found(all)).toEqual([]);
  } finally {
    redis.disconnect();
  }
  for (const app of apps()) {
    expect(app.log.length).toBeGreaterThan(2);
    expect([app.name, found(JSON.stringify(app.log))]).toEqual([app.name, []]);
    const metrics = await (await fetch(`${await app.http()}/metrics`)).text();
    expect(metrics).toContain('flotilla_');
    expect([app.name, found(metrics)]).toEqual([app.name, []]);
  }
  await waitFor(async () => (await servedFingerprint(stack.nodes[0]?.httpsPort ?? 0, host)) !== '', {
    what: 'the last good certificate',
  });
});
