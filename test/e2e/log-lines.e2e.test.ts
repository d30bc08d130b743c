import { type App, type LogLine, cleanUp, startPodServer, startStack, waitFor } from '@flotilla/testkit';
import { afterEach, expect, it } from 'vitest';
import { World, ask, exampleTemplate, service } from './world.ts';

afterEach(cleanUp);

const proxies = 40;

async function start() {
  const server = await startPodServer({ name: 'shop-1' });
  const template = exampleTemplate('http');
  let world: World | undefined;
  const stack = await startStack({ nodes: 1, renderers: 1, persist: true }, async (store) => {
    world = new World(store);
    await world.template(template);
    const names = Array.from({ length: proxies }, (_, at) => `shop-${at}`);
    await world.services(Object.fromEntries(names.map((name) => [name, service(name, server.port)])));
    await world.pod('shop-1', 'shop-0', server);
  });
  const node = stack.nodes[0]!;
  await waitFor(async () => (await ask(node, 'shop-0.example.com')).status === 200, {
    what: 'traffic',
    deadlineMs: 30_000,
  });
  await node.agent.waitForLog(({ msg }) => msg === 'version 1 is live');
  return { stack, world: world!, template, agent: node.agent };
}

const said = ({ log }: App, from: number): string[] => log.slice(from).map(({ level, msg }) => `${level}: ${msg}`);
const isJson = ({ raw }: LogLine): boolean => raw === undefined;

it('a reload is few lines of the log, however many proxies stop with the old worker', async () => {
  const { world, template, agent } = await start();
  const from = agent.log.length;
  await world.template(template.replace('defaults', 'defaults\n  timeout tarpit 9s'));
  await agent.waitForLog(({ msg }) => msg === 'version 2 is live');
  const warned = await agent.waitForLog(({ haproxy }) => String(haproxy).includes('stopped'));
  expect(warned['lines']).toBeGreaterThan(proxies);
  expect(said(agent, from).length).toBeLessThanOrEqual(3);
});

it('an outage of Redis is a line when it begins and one when it ends, of each connection', async () => {
  const { stack, agent } = await start();
  const apps = [stack.watcher, stack.renderers[0]!, agent];
  const from = apps.map(({ log }) => log.length);
  const of = (text: string) => apps.map((app, at) => said(app, from[at] ?? 0).filter((line) => line.includes(text)));
  await stack.redis.kill();
  // A leader gives up meanwhile, and every connection has tried again many times.
  await stack.watcher.waitForLog(({ msg }) => msg === 'standing by');
  await stack.redis.restart();
  await stack.watcher.waitForLog(({ msg, term }) => msg === 'leading' && term === 2);
  await waitFor(() => of('Redis is back').every(({ length }) => length > 0), { what: 'Redis to be back for all' });
  expect(of('Redis cannot be reached').map(({ length }) => length)).toEqual([2, 1, 2]);
  expect(of('Redis is back').map(({ length }) => length)).toEqual([2, 1, 2]);
  const lines = apps.map((app, at) => said(app, from[at] ?? 0));
  // The watcher also loses the lead and takes it again; the renderer's queue has connections of its own.
  expect(lines.map(({ length }, at) => length <= ([7, 3, 4][at] ?? 0) || lines[at])).toEqual([true, true, true]);
  expect(apps.flatMap(({ log }) => log.filter((line) => !isJson(line)))).toEqual([]);
});
