import { randomBytes } from 'node:crypto';
import { type AddressInfo, connect, createServer } from 'node:net';
import { createSealer, fleetKeys, fleetName } from '@flotilla/domain';
import { cleanUp, freePort, onCleanup, waitFor } from '@flotilla/testkit';
import { createNodeWishes } from '@flotilla/runtime';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, answers, ask, config, startNode } from '../node.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(cleanUp);

const key = `${fleetKeys(fleetName('lb')).wish}:node-1`;
const reloads = (node: Node) => node.metric('flotilla_agent_reloads_total{result="reloaded"}');
const obeyed = (node: Node): unknown[] => node.log.flatMap(({ wish }) => wish ?? []);
const reported = () => waitFor(async () => (await fleet.status()).length > 0, { what: 'a report' });
const taken = async (kind: 'retry' | 'reload') => {
  const wish = await fleet.ask(kind);
  await waitFor(async () => !(await wish.isThere()), { what: `the ${kind} to be taken` });
};

test('retry: a version that was refused because of the node is tried again when the node is mended', async () => {
  const node = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'one') }));
  const port = await freePort();
  const holder = createServer().listen(port, '127.0.0.1');
  onCleanup(() => {
    holder.close();
  });
  await waitFor(() => holder.listening, { what: 'the port to be held' });
  const more = `frontend other\n  bind 127.0.0.1:${port}\n  http-request return status 200`;
  const second = await fleet.publish({ 'haproxy.cfg': config(node.port, 'two', [], more) });
  expect(await fleet.answerTo(second)).toMatchObject({ kind: 'nack' });
  await taken('retry');
  // It still cannot be, and that is said again.
  const nacks = async () => (await fleet.answers()).filter(({ kind }) => kind === 'nack').length;
  await waitFor(async () => (await nacks()) === 2, { what: 'the second refusal' });
  expect(await ask(node)).toBe('one');
  await new Promise((resolve) => holder.close(resolve));
  await taken('retry');
  await answers(node, 'two');
  await waitFor(async () => (await fleet.status())[0]?.parked === null, { what: 'nothing parked any more' });
});

test('reload: HAProxy is reloaded at once, though the interval since the last reload is not over', async () => {
  const node = await startNode(fleet, { FLOTILLA_RELOAD_INTERVAL_MS: '3600000' });
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'one') }));
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'two') }));
  expect(await reloads(node)).toBe(1);
  // The next one has to wait for an hour, unless somebody asks.
  await fleet.publish({ 'haproxy.cfg': config(node.port, 'three') });
  await waitFor(async () => (await fleet.status())[0]?.behind?.why?.startsWith('waits for a reload: haproxy.cfg:'), {
    what: 'the node to say what it waits for',
  });
  expect(await ask(node)).toBe('two');
  await taken('reload');
  await answers(node, 'three');
  await taken('reload');
  await waitFor(async () => (await reloads(node)) === 3, { what: 'a reload without a new version' });
});

test('a wish is obeyed once, and only one that was made with the key for the agent that runs', async () => {
  const node = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'one') }));
  await reported();
  const [status] = await fleet.status();
  const agent = { node: 'node-1', instance: status?.instance.id ?? '' };
  const wishesOf = (secret: Buffer) =>
    createNodeWishes({
      redis: fleet.redis,
      fleet: fleetName('lb'),
      sealer: createSealer(secret, fleetName('lb')),
    });
  const forged = await wishesOf(randomBytes(32)).ask(agent, 'reload');
  await waitFor(() => node.log.some(({ msg }) => msg === 'a wish is not obeyed'), { what: 'the refusal' });
  expect(await forged.isThere()).toBe(true);
  const former = await wishesOf(Buffer.from(fleet.key, 'base64')).ask({ ...agent, instance: 'former' }, 'reload');
  const wish = await fleet.ask('reload');
  expect(await former.isThere()).toBe(false);
  const sealed = await fleet.redis.getBuffer(key);
  await waitFor(async () => !(await wish.isThere()), { what: 'the reload to be taken' });
  // The very same once more, and then another one, so that the first is known to have been read.
  await fleet.redis.set(key, sealed ?? '');
  await waitFor(async () => (await fleet.redis.exists(key)) === 0, { what: 'the repetition to be taken away' });
  await taken('retry');
  expect(obeyed(node)).toEqual(['reload', 'retry']);
});

test('a reload that old workers put off is made after the longest time, and both is said once', async () => {
  const node = await startNode(fleet, { FLOTILLA_MAX_OLD_WORKERS: '1', FLOTILLA_RELOAD_PUT_OFF_MS: '3000' });
  // A request that is not answered keeps the worker that got it.
  const silent = createServer((socket) => socket.on('error', () => undefined).resume());
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const pods = [`127.0.0.1:${(silent.address() as AddressInfo).port}`];
  const publish = (text: string) => fleet.publish({ 'haproxy.cfg': config(node.port, text, pods) });
  await fleet.answerTo(await publish('one'));
  const open = connect(node.port, '127.0.0.1');
  onCleanup(() => {
    open.destroy();
    silent.close();
  });
  const arrived = new Promise((resolve) => silent.once('connection', resolve));
  open.write('GET /pods HTTP/1.1\r\nhost: x\r\n\r\n');
  await arrived;
  await fleet.answerTo(await publish('two'));
  const said = (text: string) => node.log.filter(({ msg }) => msg?.includes(text)).length;
  const third = await publish('three');
  await waitFor(
    async () => (await fleet.status())[0]?.behind?.why?.includes('put off, as 1 old worker still has connections'),
    {
      what: 'the node to say that the reload is put off',
    },
  );
  expect(await fleet.answerTo(third)).toMatchObject({ kind: 'ack', how: { kind: 'reload' } });
  expect(await ask(node)).toBe('three');
  expect([said('the reload is put off'), said('the reload was put off long enough')]).toEqual([1, 1]);
  // Nor does anything put off what an operator asks for.
  const before = await reloads(node);
  await taken('reload');
  await waitFor(async () => (await reloads(node)) === before + 1, { what: 'the reload that was asked for' });
});
