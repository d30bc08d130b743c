import { type PodServer, type Stack, cleanUp, haproxyOf, openWebSocket, startStack, waitFor } from '@flotilla/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World, exampleTemplate, servedBy, service, startPods } from './world.ts';

const host = 'shop.example.com';
let stack: Stack;
let pods: Record<string, PodServer>;
let port: number;

beforeEach(async () => {
  ({ port, pods } = await startPods(['shop-1']));
  stack = await startStack(
    // Longer than the test: whoever waits for the open connection does not end.
    { agentEnv: { FLOTILLA_HAPROXY_ON_EXIT: 'stop', FLOTILLA_STOP_GRACE_MS: '600000' } },
    async (store) => {
      const world = new World(store);
      await world.template(
        exampleTemplate('http').replace('timeout server 50s', 'timeout server 50s\n  timeout tunnel 1h'),
      );
      await world.services({ shop: service('shop', port) });
      await world.pod('shop-1', 'shop', pods['shop-1'] as PodServer);
    },
  );
  await servedBy(stack, host, ['shop-1']);
});
afterEach(cleanUp);

const node = () => {
  const [first] = stack.nodes;
  if (!first) throw new Error('there is no node');
  return first;
};
const isGone = () => haproxyOf(node().agent.dataDir).length === 0;

test('a request to end that comes twice leaves no HAProxy, and lets open connections go on for the grace time', async () => {
  const { agent, httpPort } = node();
  const websocket = await openWebSocket(httpPort, '/', host);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(agent.pid, signal);
  await waitFor(() => agent.log.find(({ msg }) => msg === 'ending'), { what: 'the end to begin' });
  const isRefused = () =>
    fetch(`http://127.0.0.1:${httpPort}/`).then(
      () => false,
      () => true,
    );
  await waitFor(isRefused, { what: 'new connections to be refused' });
  expect(await websocket.echo('still here')).toBe('still here');
  expect(isGone()).toBe(false);
  websocket.close();
  await waitFor(isGone, { what: 'HAProxy to end' });
  expect(await agent.exited).toMatchObject({ code: 0 });
});

test.each([
  ['its HAProxy', () => undefined],
  ['a HAProxy that is frozen', (pid: number) => process.kill(pid, 'SIGSTOP')],
])('a second request ends the agent at once, and %s with it', async (_, spoil) => {
  const { agent, httpPort } = node();
  const websocket = await openWebSocket(httpPort, '/', host);
  for (const pid of haproxyOf(agent.dataDir)) spoil(pid);
  process.kill(agent.pid, 'SIGTERM');
  await waitFor(() => agent.log.find(({ msg }) => msg === 'ending'), { what: 'the end to begin' });
  // One that comes right behind it would be the same request: it is asked until it is a second one.
  const asking = setInterval(() => {
    process.kill(agent.pid, 'SIGTERM');
  }, 200);
  const ended = await agent.exited;
  clearInterval(asking);
  expect(ended).toMatchObject({ code: 143 });
  await waitFor(isGone, { what: 'HAProxy to end' });
  websocket.close();
});
