import { execFile } from 'node:child_process';
import { join } from 'node:path';
import {
  type LoadClient,
  type LoadCount,
  type PodServer,
  type Stack,
  type StackNode,
  cleanUp,
  loadClient,
  repositoryRoot,
  startStack,
  waitFor,
} from '@flotilla/testkit';
import { Redis } from 'ioredis';
import { request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { World, exampleTemplate, servedBy, service, startPods } from './world.ts';

const host = 'shop.example.com';

/** Every answer bears the round, so that a new round takes a reload, and it shows which configuration runs. */
const templateOf = (round: number | string): string =>
  exampleTemplate('http').replace('use_backend', `http-response set-header x-round ${round}\n  use_backend`);

for (const kind of ['append-only file', 'snapshot'] as const) {
  describe(`Redis comes back from an older ${kind}, without what all nodes run`, () => {
    let stack: Stack;
    let world: World;
    let pods: Record<string, PodServer>;
    let redis: Redis;
    let round = 1;
    let load: LoadClient[];
    /** What the change that is lost took from the nodes; whoever answers with it went back. */
    let before: { rounds: number[]; reloads: number[]; requests: number };
    let copy: string;

    beforeAll(async () => {
      let port: number;
      ({ port, pods } = await startPods(['shop-1', 'shop-2']));
      const env = { FLOTILLA_RELOAD_INTERVAL_MS: '0', FLOTILLA_LEASE_MS: '2000' };
      stack = await startStack({ nodes: 2, persist: kind === 'append-only file', env }, async (store) => {
        world = new World(store);
        await world.template(templateOf(round));
        await world.services({ shop: service('shop', port) });
        await world.pod('shop-1', 'shop', pods['shop-1']!);
      });
      redis = new Redis(stack.redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
      redis.on('error', () => undefined);
    });
    afterAll(async () => {
      redis.disconnect();
      await cleanUp();
    });

    const epoch = () => redis.hget('flotilla:{lb}:meta', 'epoch');
    const flotilla = (...words: string[]) => run(stack, words);
    const untilWell = () =>
      waitFor(async () => (await flotilla('status')).code === 0 || Promise.reject(new Error(await told())), {
        what: 'all to be well',
        deadlineMs: 40_000,
        everyMs: 200,
      });
    const told = async () => (await flotilla('status')).text;
    const untilTold = (what: string, words: string | RegExp) =>
      waitFor(async () => (await told()).replace(/\s+/g, ' ').match(words) ?? Promise.reject(new Error(await told())), {
        what,
        deadlineMs: 30_000,
        everyMs: 200,
      });
    const untilRound = (wanted: number) =>
      waitFor(async () => (await Promise.all(stack.nodes.map(roundOf))).every((one) => one === wanted), {
        what: `round ${wanted} on every node`,
        deadlineMs: 30_000,
      });
    const untilWaiting = () => untilTold('both nodes to wait for the watcher', /trouble: node-1, node-2/);
    const counts = async () => ({
      rounds: await Promise.all(stack.nodes.map(roundOf)),
      reloads: await Promise.all(stack.nodes.map(reloadsOf)),
      requests: pods['shop-2']!.requests(),
    });

    /** A copy is made, then a pod goes and the configuration changes, and every node runs that. */
    beforeEach(async () => {
      await world.pod('shop-2', 'shop', pods['shop-2']!);
      await servedBy(stack, host, ['shop-1', 'shop-2'], 40_000);
      await untilWell();
      copy = kind === 'append-only file' ? await stack.redis.copyData() : '';
      if (kind === 'snapshot') await redis.save();
      await world.removePod('shop-2');
      await world.template(templateOf(++round));
      await untilRound(round);
      await servedBy(stack, host, ['shop-1']);
      await untilWell();
      before = await counts();
      load = stack.nodes.map(({ httpPort }) =>
        loadClient({ url: `http://127.0.0.1:${httpPort}/`, headers: { host }, connections: 1, pauseMs: 5 }),
      );
    });
    afterEach(async () => {
      const served = await Promise.all(load.map((each) => each.stop()));
      await stack.watcher.kill('SIGCONT');
      for (const each of served) expect(each).toMatchObject({ failed: 0, reasons: {} });
    });
    const setBack = () =>
      kind === 'append-only file'
        ? stack.redis.restart({ from: copy })
        : stack.redis.kill().then(() => stack.redis.restart());
    const podsSeen = async (): Promise<string[][]> =>
      (await Promise.all(load.map(async (each): Promise<LoadCount> => each.count()))).map((each) =>
        Object.keys(each.pods),
      );

    test('nodes stay where they are until the watcher has said what is newest, and nothing is reloaded', async () => {
      const life = await epoch();
      await stack.watcher.kill('SIGSTOP');
      await setBack();
      await untilWaiting();
      expect(await counts()).toEqual(before);
      await stack.watcher.kill('SIGCONT');
      await untilWell();
      expect(await epoch()).not.toBe(life);
      expect(await counts()).toEqual(before);
      expect(await podsSeen()).toEqual([['shop-1'], ['shop-1']]);
    });

    test('with a template that fails in the lost time nodes keep the configuration that they have', async () => {
      await world.template('{% broken');
      await untilTold('the failed render', 'FAILED');
      const life = await epoch();
      await stack.watcher.kill('SIGSTOP');
      await setBack();
      await untilWaiting();
      await stack.watcher.kill('SIGCONT');
      await waitFor(async () => ![life, null].includes(await epoch()), { what: 'a new life of the data' });
      await untilTold('the failed render', /FAILED.*nothing is published/);
      expect(await counts()).toEqual(before);
      expect(await podsSeen()).toEqual([['shop-1'], ['shop-1']]);
      await world.template(templateOf(++round));
      await untilRound(round);
      await untilWell();
      // The cure is one reload, and no pod comes back with it.
      expect(await counts()).toMatchObject({
        reloads: before.reloads.map((one) => one + 1),
        requests: before.requests,
      });
    });

    test('a watcher and an agent that were started again know it, too', async () => {
      const [first] = stack.nodes;
      await stack.watcher.kill();
      await first!.agent.kill();
      await setBack();
      await first!.restart();
      await untilWaiting();
      stack.watcher = await stack.startWatcher();
      await untilWell();
      // The new agent took HAProxy over as it was.
      expect(await counts()).toEqual({ ...before, reloads: [0, before.reloads[1]] });
      expect(await podsSeen()).toEqual([['shop-1'], ['shop-1']]);
    });

    test('an operator may say that a node takes the older version all the same', async () => {
      await stack.watcher.kill();
      await setBack();
      await untilWaiting();
      expect(await flotilla('retry', 'node-1', '--older')).toMatchObject({ code: 0 });
      await waitFor(async () => (await roundOf(stack.nodes[0]!)) === round - 1, { what: 'the older configuration' });
      // It was said of one node.
      expect(await roundOf(stack.nodes[1]!)).toBe(round);
      stack.watcher = await stack.startWatcher();
      await untilWell();
      expect((await counts()).rounds).toEqual(before.rounds);
    });
  });
}

async function roundOf({ httpPort }: StackNode): Promise<number> {
  const { headers, body } = await request(`http://127.0.0.1:${httpPort}/`, {
    headers: { host, connection: 'close' },
    headersTimeout: 5_000,
  });
  await body.dump();
  return Number(headers['x-round']);
}

async function reloadsOf({ agent }: StackNode): Promise<number> {
  const { body } = await request(`${await agent.http()}/metrics`);
  const text = await body.text();
  return Number(/^flotilla_agent_reloads_total\{[^}]*result="reloaded"[^}]*\} (\d+)/m.exec(text)?.[1] ?? NaN);
}

/** The operator's command. */
function run({ env }: Stack, words: readonly string[]): Promise<{ code: number; text: string }> {
  const bin = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  const given = { PATH: process.env['PATH'], REDIS_URL: env['REDIS_URL'], FLOTILLA_KEY: env['FLOTILLA_KEY'] };
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, ...words], { env: given }, (error, text, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, text: text + errors });
    });
  });
}
