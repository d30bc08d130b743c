import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type LoadClient,
  type OpenWebSocket,
  type PodServer,
  type Stack,
  type StackNode,
  certificate,
  cleanUp,
  haproxyCommand,
  haproxyOf,
  loadClient,
  openWebSocket,
  startStack,
  waitFor,
} from '@flotilla/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { World, exampleTemplate, servedBy, servedFingerprint, service, startPods } from './world.ts';

const host = 'shop.example.com';
const podChanges = 1_000;
const certificateChanges = 200;
const reloads = 20;

const template = (round: number): string =>
  exampleTemplate('https')
    .replace('timeout server 50s', 'timeout server 50s\n  timeout tunnel 1h')
    .replace('maxconn 4096', `maxconn ${4096 + round}`);

let stack: Stack;
let node: StackNode;
let world: World;
let pods: Record<string, PodServer>;
let port: number;
let loads: LoadClient[];
let websocket: OpenWebSocket;
const at = (name: string): PodServer => pods[name] as PodServer;
const moving = ['shop-2', 'shop-3', 'shop-4', 'shop-5'];

const master = (command: string) => haproxyCommand(join(node.agent.dataDir, 'run/master.sock'), command);
const reloadsSoFar = async (): Promise<number> => Number(/^\d+\s+master\s+(\d+)/m.exec(await master('show proc'))?.[1]);
const diskSays = (text: string): boolean =>
  readFileSync(join(node.agent.dataDir, 'current/haproxy.cfg'), 'utf8').includes(text);

beforeAll(async () => {
  ({ port, pods } = await startPods(['shop-1', ...moving]));
  stack = await startStack({ agentEnv: { FLOTILLA_RELOAD_INTERVAL_MS: '0' } }, async (store) => {
    world = new World(store);
    await world.template(template(0));
    await world.services({ shop: service('shop', port, { ssl: true }) });
    await world.certificates({ shop: await certificate({ cn: host }) });
    await world.pod('shop-1', 'shop', at('shop-1'));
  });
  node = stack.nodes[0] as StackNode;
  await servedBy(stack, host, ['shop-1']);
  const url = `http://127.0.0.1:${node.httpPort}/`;
  loads = [false, true].map((keepAlive) =>
    loadClient({ url, headers: { host }, connections: 2, pauseMs: 2, keepAlive }),
  );
  websocket = await openWebSocket(node.httpPort, '/', host);
});
afterAll(cleanUp);

/** Nothing failed so far, on short connections and on ones that stay open. */
async function expectNoFailure(): Promise<void> {
  expect(loads.map((load) => load.count().reasons)).toEqual([{}, {}]);
  expect(await websocket.echo('still here')).toBe('still here');
}

test('1,000 pod changes: no reload, no failed request', async () => {
  const before = await reloadsSoFar();
  for (let change = 0; change < podChanges; change++) {
    const name = moving[change % moving.length] as string;
    const isThere = Math.floor(change / moving.length) % 2 === 1;
    await (isThere ? world.removePod(name) : world.pod(name, 'shop', at(name)));
  }
  await world.pod('shop-2', 'shop', at('shop-2'));
  await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
  expect(await reloadsSoFar()).toBe(before);
  await expectNoFailure();
});

test('200 certificate changes: no reload, and what is served is the last one', async () => {
  const before = await reloadsSoFar();
  const pairs = await Promise.all(Array.from({ length: 10 }, () => certificate({ cn: host })));
  for (let change = 0; change < certificateChanges; change++) {
    const pair = pairs[change % pairs.length];
    if (!pair) throw new Error('no certificate');
    await world.certificates({ shop: pair });
    if (change % 40 !== 39) continue;
    const wanted = new X509Certificate(pair.cert).fingerprint256;
    await waitFor(async () => (await servedFingerprint(node.httpsPort, host)) === wanted, {
      what: `certificate ${change + 1}`,
      deadlineMs: 20_000,
    });
  }
  expect(await reloadsSoFar()).toBe(before);
  await expectNoFailure();
});

test('20 forced reloads: no failed request, and the websocket stays', async () => {
  const before = await reloadsSoFar();
  for (let round = 1; round <= reloads; round++) {
    await world.template(template(round));
    await waitFor(async () => (await reloadsSoFar()) >= before + round && diskSays(`maxconn ${4096 + round}`), {
      what: `reload ${round}`,
      deadlineMs: 20_000,
      everyMs: 10,
    });
  }
  await expectNoFailure();
});

test('the agent is killed at any moment: no failed request, and the last state is reached', async () => {
  for (let round = 0; round < 12; round++) {
    const name = moving[1 + (round % 3)] as string;
    const dying = node.agent.kill();
    await (round % 2 === 0 ? world.pod(name, 'shop', at(name)) : world.template(template(100 + round)));
    await dying;
    await node.restart();
    // The next kill comes at another point of the way from a change to traffic.
    await node.agent.waitForLog(({ msg }) => msg === 'started', { what: 'its start' });
    await new Promise((resolve) => setTimeout(resolve, 40 * round));
  }
  for (const name of moving.slice(1)) await world.removePod(name);
  await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
  await waitFor(() => diskSays('maxconn 4207'), { what: 'the last template', deadlineMs: 20_000 });
  await expectNoFailure();
});

test('HAProxy is killed: it is back with the last state, and only then requests failed', async () => {
  websocket.close();
  for (const pid of haproxyOf(node.agent.dataDir)) process.kill(pid, 'SIGKILL');
  await world.pod('shop-3', 'shop', at('shop-3'));
  await servedBy(stack, host, ['shop-1', 'shop-2', 'shop-3'], 40_000);
  const before = loads.map((load) => load.count().failed);
  await world.removePod('shop-3');
  await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
  const counts = await Promise.all(loads.map((load) => load.stop()));
  expect(counts.map(({ failed }) => failed)).toEqual(before);
  for (const { ok } of counts) expect(ok).toBeGreaterThan(1_000);
});
