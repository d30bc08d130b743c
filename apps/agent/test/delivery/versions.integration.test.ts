import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  type PodServer,
  cleanUp,
  freePort,
  haproxyCommand,
  haproxyOf,
  startPodServer,
  waitFor,
} from '@flotilla/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, answers, ask, config, startNode } from '../node.ts';

let fleet: Fleet;
let node: Node;
let pods: PodServer[];
const at = (index: number): string => `${pods[index]?.host}:${pods[index]?.port}`;
const publish = (text: string, servers: readonly string[] = [], more = '') =>
  fleet.publish({ 'haproxy.cfg': config(node.port, text, servers, more) });
const stats = (command: string, deadlineMs?: number) =>
  haproxyCommand(join(node.dataDir, 'run/stats.sock'), command, deadlineMs);
const version = () => Number.parseInt(readlinkSync(join(node.dataDir, 'current')).replace('releases/', ''), 10);

beforeEach(async () => {
  pods = [await startPodServer({ name: 'one' }), await startPodServer({ name: 'two' })];
  fleet = await startFleet();
  node = await startNode(fleet);
});
afterEach(cleanUp);

test('the first version starts HAProxy; a pod that comes is served without a reload; another line means a reload', async () => {
  expect(node.problem()).toMatch(/no version runs|no published version/);
  const first = await publish('hello', [at(0)]);
  expect(await fleet.answerTo(first)).toMatchObject({ kind: 'ack', how: { kind: 'start' }, node: 'node-1' });
  expect(await ask(node)).toBe('hello');
  expect(node.problem()).toBeUndefined();

  const second = await publish('hello', [at(0), at(1)]);
  expect(await fleet.answerTo(second)).toMatchObject({ kind: 'ack', how: { kind: 'runtime', operations: 2 } });
  expect(await stats('show servers state pods')).toMatch(/pod-1/);

  const third = await publish('goodbye', [at(0), at(1)]);
  expect(await fleet.answerTo(third)).toMatchObject({
    kind: 'ack',
    how: { kind: 'reload', why: expect.stringMatching(/^haproxy\.cfg:11: /) as string },
  });
  expect(await ask(node)).toBe('goodbye');
  const [status] = await fleet.status();
  expect(status).toMatchObject({
    applied: { version: 3 },
    desired: { version: 3 },
    lastGood: { version: 3 },
    parked: null,
  });
});

test('a version that HAProxy refuses is parked with its words; the last good one stays in traffic and on disk', async () => {
  await fleet.answerTo(await publish('good'));
  const bad = await publish('bad', [], '  nonsense keyword');
  const answer = await fleet.answerTo(bad);
  expect(answer).toMatchObject({ kind: 'nack', reason: expect.stringMatching(/haproxy\.cfg:12.*nonsense/) as string });
  expect(await ask(node)).toBe('good');
  expect(version()).toBe(1);
  await waitFor(async () => (await fleet.status())[0]?.parked?.artifact.version === 2, { what: 'the parked version' });

  await node.stop();
  node = await startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await answers(node, 'good');
  expect((await fleet.answers()).filter(({ kind }) => kind === 'nack')).toHaveLength(1);

  await fleet.answerTo(await publish('better'));
  expect(await ask(node)).toBe('better');
  expect((await fleet.status())[0]).toMatchObject({ applied: { version: 3 }, parked: null });
});

test('HAProxy’s words are told without the passwords of the lines they quote', async () => {
  await fleet.answerTo(await publish('good'));
  const bad = await publish('bad', [], '  stats auth admin:hunter2secret\n  default_backend hunter2secret');
  const answer = await fleet.answerTo(bad);
  expect(answer.kind).toBe('nack');
  expect(JSON.stringify([answer, await fleet.status(), node.log])).not.toContain('hunter2secret');
});

test('reloads within the interval become one, and what can be done at runtime does not wait for it', async () => {
  await node.stop();
  node = await startNode(fleet, { FLOTILLA_RELOAD_INTERVAL_MS: '1500' });
  await fleet.answerTo(await publish('0', [at(0)]));
  await fleet.answerTo(await publish('1', [at(0)]));
  const reloads = () => stats('show info').then((info) => /^Pid: (\d+)$/m.exec(info)?.[1]);
  const worker = await reloads();
  await publish('2', [at(0)]);
  await publish('3', [at(0), at(1)]);
  await waitFor(async () => /pod-1/.test(await stats('show servers state pods')), { what: 'the server', everyMs: 10 });
  expect(await reloads()).toBe(worker);
  expect(await ask(node)).toBe('1');
  await fleet.answerTo(await publish('4', [at(0), at(1)]));
  expect(await ask(node)).toBe('4');
  expect((await fleet.answers()).map(({ artifact }) => artifact.version)).toEqual([1, 2, 5]);
});

test('the agent holds nothing open that keeps an old worker after a reload, its own or another one', async () => {
  const patient = 'global\n  stats timeout 1h';
  await fleet.answerTo(await publish('old', [at(0)], patient));
  await fleet.answerTo(await publish('old', [at(0), at(1)], patient));
  const reloads = [
    () => publish('new', [at(0), at(1)], patient).then((published) => fleet.answerTo(published)),
    () => haproxyCommand(join(node.dataDir, 'run/master.sock'), 'reload'),
  ];
  for (const reload of reloads) {
    const worker = /^Pid: (\d+)$/m.exec(await stats('show info'))?.[1] ?? '';
    await waitFor(async () => /fe=GLOBAL .* age=[1-9]/.test(await stats('show sess')), {
      what: 'the connection that the agent holds open',
      deadlineMs: 10_000,
    });
    await reload();
    await waitFor(() => !existsSync(`/proc/${worker}`), { what: 'the old worker to leave', deadlineMs: 10_000 });
  }
});

test('HAProxy that is killed comes back with the same version', async () => {
  await fleet.answerTo(await publish('hello', [at(0)]));
  await fleet.answerTo(await publish('hello', [at(0), at(1)]));
  for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
  await waitFor(() => node.log.find(({ msg }) => msg === 'HAProxy is back'), { what: 'HAProxy', deadlineMs: 10_000 });
  await answers(node, 'hello');
  expect(await stats('show servers state pods')).toMatch(/pod-1/);
});

test('a version is not blamed for a HAProxy that is killed while it reloads', async () => {
  await fleet.answerTo(await publish('0'));
  for (let round = 1; round <= 8; round++) {
    const published = await publish(String(round));
    await waitFor(() => version() === published.version, { what: 'the files on disk', everyMs: 1, deadlineMs: 20_000 });
    // Each round a little later on the way through the reload.
    await new Promise((resolve) => setTimeout(resolve, 6 * round));
    for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
    await answers(node, String(round));
  }
  expect((await fleet.answers()).filter(({ kind }) => kind === 'nack')).toEqual([]);
  await waitFor(() => node.problem() === undefined, { what: 'the node to be well', deadlineMs: 10_000 });
});

test('what is done by hand on the socket is undone', async () => {
  await fleet.answerTo(await publish('hello', [at(0), at(1)]));
  await stats('set server pods/pod-0 state maint');
  await stats('set server pods/pod-1 addr 127.0.0.9 port 1');
  await waitFor(
    async () => {
      const state = await stats('show servers state pods');
      const row = (name: string) =>
        state
          .split('\n')
          .find((line) => line.includes(` ${name} `))
          ?.split(' ') ?? [];
      return row('pod-0')[6] === '0' && row('pod-1')[4] === pods[1]?.host;
    },
    { what: 'the drift to be mended', deadlineMs: 10_000 },
  );
  expect(await node.metric('flotilla_agent_drift_total')).toBeGreaterThanOrEqual(2);
});

test.each([false, true])(
  'a HAProxy that stood still is the one it was: what was done by hand is undone without a reload (updated before: %s)',
  async (isUpdated) => {
    await fleet.answerTo(await publish('hello', [at(0)]));
    if (isUpdated) await fleet.answerTo(await publish('hello', [at(0), at(1)]));
    const processes = haproxyOf(node.dataDir);
    for (const pid of processes) process.kill(pid, 'SIGSTOP');
    // A look that is under way ends at its own timeout, and only the next one finds HAProxy still.
    const added = stats('add server pods/stray 127.0.0.1:9', 60_000);
    await waitFor(() => node.problem()?.includes('does not answer'), { what: 'the look', deadlineMs: 40_000 });
    for (const pid of processes) process.kill(pid, 'SIGCONT');
    expect(await added).toContain('New server registered');
    await waitFor(async () => !(await stats('show servers state pods')).includes('stray'), {
      what: 'the server to be removed',
      deadlineMs: 20_000,
    });
    expect(haproxyOf(node.dataDir).sort()).toEqual([...processes].sort());
    expect(node.problem()).toBeUndefined();
  },
);

test('a certificate is in no log, status or answer', async () => {
  const secret = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7';
  const files = {
    'haproxy.cfg': config(
      node.port,
      'tls',
      [],
      `  bind 127.0.0.1:${await freePort()} ssl crt /@flotilla-release@/ssl/x.pem`,
    ),
    'ssl/x.pem': `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`,
  };
  expect((await fleet.answerTo(await fleet.publish(files))).kind).toBe('nack');
  expect(JSON.stringify([await fleet.answers(), await fleet.status(), node.log])).not.toContain(secret);
  expect(readFileSync(join(node.dataDir, 'state.json'), 'utf8')).not.toContain(secret);
});
