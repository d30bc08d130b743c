import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Child,
  cleanUp,
  freePort,
  haproxyCommand,
  haproxyOf,
  startChild,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fleet, startFleet } from './fleet.ts';
import { answers, ask, config, startNode } from './node.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await startFleet();
});
afterEach(cleanUp);

const workersOf = async (dataDir: string): Promise<string> => {
  const proc = await haproxyCommand(join(dataDir, 'run/master.sock'), 'show proc');
  return /^(\d+)\s+worker/m.exec(proc)?.[1] ?? '';
};

test('mode attach brings a HAProxy that someone else runs to each version, and waits for it while it is away', async () => {
  const port = await freePort();
  const dataDir = temporaryFolder('attach').path;
  const masterSocket = join(temporaryFolder('sockets').path, 'master.sock');
  const attach = { FLOTILLA_HAPROXY_MODE: 'attach', FLOTILLA_HAPROXY_MASTER_SOCKET: masterSocket };
  const node = await startNode(fleet, { ...attach, FLOTILLA_DATA_DIR: dataDir, PORT: String(port) });
  const first = await fleet.publish({ 'haproxy.cfg': config(port, 'one') });
  await waitFor(() => /no haproxy to attach to/.test(node.problem() ?? ''), { what: 'the wait for HAProxy' });
  const files = ['haproxy.cfg', 'flotilla.cfg'].flatMap((name) => ['-f', join(dataDir, 'current', name)]);
  const start = (): Promise<Child> => startChild('haproxy', ['-W', '-db', '-S', masterSocket, ...files]);

  let haproxy = await start();
  expect(await fleet.answerTo(first)).toMatchObject({ kind: 'ack' });
  await answers(node, 'one');
  const second = await fleet.publish({ 'haproxy.cfg': config(port, 'two') });
  expect(await fleet.answerTo(second)).toMatchObject({ kind: 'ack', how: { kind: 'reload' } });
  expect(await ask(node)).toBe('two');
  const third = await fleet.publish({ 'haproxy.cfg': config(port, 'two', ['127.0.0.1:1']) });
  expect(await fleet.answerTo(third)).toMatchObject({ kind: 'ack', how: { kind: 'runtime' } });

  await haproxy.stop();
  await waitFor(() => node.problem() !== undefined, { what: 'the loss to be noticed', deadlineMs: 10_000 });
  haproxy = await start();
  await waitFor(() => node.problem() === undefined, { what: 'the agent to be well again', deadlineMs: 10_000 });
  await node.stop();
  expect(haproxy.exit()).toBeUndefined();
});

test('mode command runs it after each change, and a failure brings the last good files back', async () => {
  const folder = temporaryFolder('command').path;
  const seen = join(folder, 'seen');
  const command = `grep -o 'string "[^"]*"' "$FLOTILLA_CURRENT/haproxy.cfg" >> ${seen}; ! grep -q poison "$FLOTILLA_CURRENT/haproxy.cfg" || { echo it is poisoned; exit 3; }`;
  const node = await startNode(fleet, { FLOTILLA_HAPROXY_MODE: 'command', FLOTILLA_HAPROXY_COMMAND: command });
  const publish = (text: string) => fleet.publish({ 'haproxy.cfg': config(node.port, text) });
  expect(await fleet.answerTo(await publish('one'))).toMatchObject({ kind: 'ack', how: { kind: 'command' } });
  expect(await fleet.answerTo(await publish('poison'))).toMatchObject({
    kind: 'nack',
    reason: expect.stringContaining('it is poisoned') as string,
  });
  await waitFor(() => readFileSync(seen, 'utf8').split('\n').length > 3, { what: 'the command on the old files' });
  expect(readFileSync(seen, 'utf8')).toBe('string "one"\nstring "poison"\nstring "one"\n');
  expect(readFileSync(join(node.dataDir, 'current/haproxy.cfg'), 'utf8')).toContain('one');

  await node.stop();
  await startNode(fleet, {
    FLOTILLA_HAPROXY_MODE: 'command',
    FLOTILLA_HAPROXY_COMMAND: command,
    FLOTILLA_DATA_DIR: node.dataDir,
  });
  expect(await fleet.answerTo(await publish('two'))).toMatchObject({ kind: 'ack' });
  expect(readFileSync(seen, 'utf8')).toBe('string "one"\nstring "poison"\nstring "one"\nstring "two"\n');
});

test('mode command without a command says what is missing', async () => {
  await expect(startNode(fleet, { FLOTILLA_HAPROXY_MODE: 'command' })).rejects.toThrow(
    /FLOTILLA_HAPROXY_COMMAND is not set/,
  );
});

test('a second agent on the same data folder is refused', async () => {
  const node = await startNode(fleet);
  await expect(startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir })).rejects.toThrow(
    /another agent .node .* of fleet lb.* works with/,
  );
});

test('HAProxy that was left running is taken over by the next agent without a reload, runtime updates included', async () => {
  const leave = { FLOTILLA_HAPROXY_ON_EXIT: 'leave' };
  const node = await startNode(fleet, leave);
  const publish = (servers: string[]) => fleet.publish({ 'haproxy.cfg': config(node.port, 'hello', servers) });
  await fleet.answerTo(await publish(['127.0.0.1:1']));
  await fleet.answerTo(await publish(['127.0.0.1:1', '127.0.0.1:2']));
  const worker = await workersOf(node.dataDir);
  await node.stop();
  expect(await ask(node)).toBe('hello');

  const next = await startNode(fleet, { ...leave, FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await waitFor(() => next.problem() === undefined, { what: 'the takeover', deadlineMs: 10_000 });
  expect(await workersOf(node.dataDir)).toBe(worker);
  const last = await fleet.answerTo(await publish(['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']));
  expect(last).toMatchObject({ kind: 'ack', how: { kind: 'runtime' } });
  expect(await workersOf(node.dataDir)).toBe(worker);
});

test('a worker that is not known to run what is on disk is reloaded by the next agent', async () => {
  const leave = { FLOTILLA_HAPROXY_ON_EXIT: 'leave' };
  const node = await startNode(fleet, leave);
  const publish = (servers: string[]) => fleet.publish({ 'haproxy.cfg': config(node.port, 'hello', servers) });
  await fleet.answerTo(await publish(['127.0.0.1:1']));
  await fleet.answerTo(await publish(['127.0.0.1:1', '127.0.0.1:2']));
  const worker = await workersOf(node.dataDir);
  await node.stop();
  writeFileSync(join(node.dataDir, 'state.json'), '{');

  const next = await startNode(fleet, { ...leave, FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await waitFor(() => next.problem() === undefined, { what: 'the takeover', deadlineMs: 10_000 });
  expect(await workersOf(node.dataDir)).not.toBe(worker);
  expect(await ask(next)).toBe('hello');
});

test('a node with another key says that it cannot open the newest version', async () => {
  await fleet.publish({ 'haproxy.cfg': config(await freePort(), 'sealed') });
  const node = await startNode(fleet, { FLOTILLA_KEY: Buffer.alloc(32, 7).toString('base64') });
  await waitFor(() => /another FLOTILLA_KEY/.test(node.problem() ?? ''), { what: 'the reason', deadlineMs: 10_000 });
  await waitFor(async () => /another FLOTILLA_KEY/.test((await fleet.status())[0]?.problem ?? ''), {
    what: 'the reason in the status',
    deadlineMs: 10_000,
  });
});

test('HAProxy ends with the agent unless it is to be left', async () => {
  const node = await startNode(fleet);
  await fleet.answerTo(await fleet.publish({ 'haproxy.cfg': config(node.port, 'hello') }));
  await node.stop();
  expect(haproxyOf(node.dataDir)).toEqual([]);
  expect(existsSync(join(node.dataDir, 'current/haproxy.cfg'))).toBe(true);
});

test('what went into traffic before it was checked is undone when the check fails', async () => {
  const folder = temporaryFolder('wrapper').path;
  const binary = join(folder, 'haproxy');
  // A HAProxy that dislikes one address, but only when it checks.
  const script = `#!/bin/sh
case " $* " in *" -c "*)
  for file in "$@"; do
    if [ -f "$file" ] && grep -q 127.66.66.66 "$file"; then
      echo "[ALERT] (1) : config : parsing [$file:1] : it dislikes this address" >&2; exit 1
    fi
  done
esac
exec haproxy "$@"
`;
  writeFileSync(binary, script);
  chmodSync(binary, 0o755);
  const node = await startNode(fleet, { FLOTILLA_HAPROXY: binary });
  const publish = (servers: string[]) => fleet.publish({ 'haproxy.cfg': config(node.port, 'hello', servers) });
  await fleet.answerTo(await publish(['127.0.0.1:1']));
  const good = await publish(['127.0.0.1:1', '127.0.0.1:2']);
  await fleet.answerTo(good);
  const bad = await publish(['127.0.0.1:1', '127.0.0.1:2', '127.66.66.66:3']);
  const toBad = async () => (await fleet.answers()).filter(({ artifact }) => artifact.version === bad.version);
  await waitFor(async () => (await toBad()).length === 2, { what: 'the nack after the ack', deadlineMs: 10_000 });
  const [ack, nack] = await toBad();
  expect(ack).toMatchObject({ kind: 'ack', how: { kind: 'runtime' } });
  expect(nack).toMatchObject({ kind: 'nack', reason: expect.stringContaining('it dislikes this address') as string });
  const stats = () => haproxyCommand(join(node.dataDir, 'run/stats.sock'), 'show servers state pods').catch(() => '');
  await waitFor(async () => /pod-0/.test(await stats()) && !/127\.66\.66\.66/.test(await stats()), {
    what: 'the old servers',
    deadlineMs: 10_000,
  });
  expect(readFileSync(join(node.dataDir, 'current/haproxy.cfg'), 'utf8')).not.toContain('127.66.66.66');
  expect(await ask(node)).toBe('hello');

  const next = await publish(['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']);
  expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
});
