import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { canMountDisks, cleanUp, haproxyCommand, haproxyOf, onCleanup, waitFor } from '@flotilla/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, answers, ask, config, startNode } from '../node.ts';

let fleet: Fleet;
let node: Node;
const map = 'example.test one\n';
const files = (text: string) => ({
  'haproxy.cfg': config(
    node.port,
    text,
    [],
    '  http-request set-header x %[hdr(host),map($FLOTILLA_MAPS)]'.replace(
      '$FLOTILLA_MAPS',
      join(node.dataDir, 'current/files/hosts.map'),
    ),
  ),
  'files/hosts.map': map,
  'files/other.map': 'other.test two\n',
});
const at = (...path: string[]) => join(node.dataDir, ...path);
const config_ = () => at('current/haproxy.cfg');

beforeEach(async () => {
  fleet = await startFleet();
  node = await startNode(fleet);
  expect(await fleet.answerTo(await fleet.publish(files('good')))).toMatchObject({ kind: 'ack' });
});
afterEach(cleanUp);

const isWhole = () =>
  readFileSync(config_(), 'utf8').includes('"good"') && readFileSync(at('current/files/hosts.map'), 'utf8') === map;
const mended = () => waitFor(() => isWhole(), { what: 'the files to be mended', deadlineMs: 10_000 });
const diesAndComesBack = async () => {
  for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
  await waitFor(() => node.log.find(({ msg }) => msg === 'HAProxy is back'), { what: 'HAProxy', deadlineMs: 15_000 });
  await answers(node, 'good');
};
const edits: Readonly<Record<string, () => void>> = {
  'a broken haproxy.cfg': () => writeFileSync(config_(), 'broken\n'),
  'an edit of the same size': () =>
    writeFileSync(config_(), readFileSync(config_(), 'utf8').replace('"good"', '"evil"')),
  'a removed current': () => rmSync(at('current')),
  'a removed release': () => rmSync(at('releases', readdirSync(at('releases'))[0] ?? '-'), { recursive: true }),
  'removed releases and trees': () => {
    rmSync(at('releases'), { recursive: true });
    rmSync(at('trees'), { recursive: true });
    rmSync(at('check'), { recursive: true });
  },
  'a file removed from a tree': () => rmSync(at('current/files/hosts.map')),
};

test.each(Object.entries(edits))('%s is mended and told, and HAProxy comes back after its death', async (_, edit) => {
  edit();
  await mended();
  await waitFor(() => node.log.some(({ msg }) => /^mended on the disk: /.test(msg ?? '')), { what: 'the log line' });
  expect(await node.metric('flotilla_agent_disk_repairs_total')).toBeGreaterThan(0);
  await diesAndComesBack();
  const next = await fleet.publish(files('next'));
  expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
  expect(node.problem()).toBeUndefined();
});

test('a version is not blamed for an edit that HAProxy met at its reload', async () => {
  const seen = new Set<string>();
  for (const text of ['second', 'third']) {
    const version = await fleet.publish(files(text));
    // The look at the disk may be sooner than the reload in one of them.
    const broken = setInterval(() => {
      if (!readFileSync(config_(), 'utf8').includes(text) || seen.has(text)) return;
      seen.add(text);
      writeFileSync(config_(), 'broken\n');
    }, 1);
    const answer = await fleet.answerTo(version).finally(() => {
      clearInterval(broken);
    });
    expect(answer).toMatchObject({ kind: 'ack' });
    await answers(node, text);
  }
  expect([...seen]).toEqual(['second', 'third']);
});

/** A configuration that HAProxy refuses with `spoilt` in the place of its map. */
const numbered = (text: string, servers: readonly string[] = []) => ({
  'haproxy.cfg': config(
    node.port,
    text,
    servers,
    `  http-request set-header x %[hdr(host),map_str_int(${at('current/files/hosts.map')})]`,
  ),
  'files/hosts.map': 'example.test 1\n',
});
const spoil = () => {
  writeFileSync(at('current/files/hosts.map'), 'example.test one\n');
};

test('a version is not blamed for a file that it shares with the one before, and that somebody edited', async () => {
  expect(await fleet.answerTo(await fleet.publish(numbered('first')))).toMatchObject({ kind: 'ack' });
  for (const text of ['second', 'third', 'fourth']) {
    spoil();
    expect(await fleet.answerTo(await fleet.publish(numbered(text)))).toMatchObject({ kind: 'ack' });
    await answers(node, text);
  }
});

test('a reload does not read an edit that no look has found yet', async () => {
  await node.stop();
  // After its first look nothing looks at the disk by itself.
  node = await startNode(fleet, { FLOTILLA_VERIFY_MS: '600000' });
  expect(await fleet.answerTo(await fleet.publish(files('first')))).toMatchObject({ kind: 'ack' });
  await waitFor(async () => (await node.metric('flotilla_agent_haproxy_up')) === 1, { what: 'the first look' });
  await pause(300);
  writeFileSync(at('current/files/hosts.map'), map.replace('one', 'two'));
  expect(await fleet.answerTo(await fleet.publish(files('next')))).toMatchObject({
    kind: 'ack',
    how: { kind: 'reload' },
  });
  const [id] = (await haproxyCommand(at('run/stats.sock'), 'show map')).match(/^\d+(?=.*hosts\.map)/m) ?? [];
  expect(await haproxyCommand(at('run/stats.sock'), `show map #${id}`)).toContain('example.test one');
});

test('a version that is checked in traffic is not undone for a file that somebody edited', async () => {
  await node.stop();
  // After its first look nothing but the check looks at the disk.
  node = await startNode(fleet, { FLOTILLA_VERIFY_MS: '600000' });
  expect(await fleet.answerTo(await fleet.publish(numbered('first', ['127.0.0.1:1'])))).toMatchObject({ kind: 'ack' });
  await waitFor(async () => (await node.metric('flotilla_agent_haproxy_up')) === 1, { what: 'the first look' });
  await pause(300);
  spoil();
  const next = await fleet.publish(numbered('first', ['127.0.0.1:1', '127.0.0.1:2']));
  expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack', how: { kind: 'runtime' } });
  const isGood = async () => (await fleet.status())[0]?.lastGood?.version === next.version;
  await waitFor(isGood, { what: 'the check', deadlineMs: 10_000 });
  expect((await fleet.answers()).filter(({ kind }) => kind === 'nack')).toEqual([]);
});

test.each(['current/files/more.map', 'current/more.cfg'])('%s, which was added, is removed', async (path) => {
  writeFileSync(at(path), 'x');
  await waitFor(() => !existsSync(at(path)), { what: 'the file to go', deadlineMs: 10_000 });
});

test.each([
  ['mode', () => chmodSync(config_(), 0o644)],
  ...(process.getuid?.() === 0 ? [['owner', () => chownSync(config_(), 65534, 65534)] as const] : []),
] as const)('a changed %s of a file is put back', async (_, change) => {
  const { mode, uid } = statSync(config_());
  change();
  const isBack = () => statSync(config_()).mode === mode && statSync(config_()).uid === uid;
  await waitFor(isBack, { what: 'the file as it was', deadlineMs: 10_000 });
});

test.runIf(canMountDisks)(
  'a file that cannot be mended is told, keeps nothing else from being mended, and no version is blamed for it',
  async () => {
    const map = realpathSync(at('current/files/hosts.map'));
    // Nothing can be put in the place of a mount point.
    spawnSync('mount', ['--bind', map, map]);
    const unmount = () => spawnSync('umount', [map]);
    onCleanup(() => void unmount());
    writeFileSync(map, 'spoilt\n');
    edits['an edit of the same size']?.();
    edits['a removed current']?.();
    const reason = /hosts\.map was changed and cannot be mended: EBUSY/;
    await waitFor(() => reason.test(node.problem() ?? ''), { what: 'the problem', deadlineMs: 10_000 });
    expect(readFileSync(config_(), 'utf8')).toContain('"good"');
    // Once more where its death met a reload, which starts it as well.
    const dies = () => {
      for (const pid of haproxyOf(node.dataDir)) process.kill(pid, 'SIGKILL');
      return pause(1_000);
    };
    const isTold = () => node.log.some(({ msg }) => msg?.startsWith('HAProxy starts again from files'));
    await waitFor(() => isTold() || dies().then(isTold), { what: 'the line of the start', deadlineMs: 20_000 });
    await answers(node, 'good');
    unmount();
    await mended();
    await waitFor(() => node.problem() === undefined, { what: 'the end of the problem', deadlineMs: 20_000 });
  },
);

test.each([
  ['nothing to start from', ['releases', 'trees']],
  ['its releases', []],
])('an agent starts although folders stand where its files were, with %s', async (_, removed) => {
  await node.stop();
  for (const name of removed) rmSync(at(name), { recursive: true });
  for (const name of ['current', 'state.json', 'owner.json']) {
    rmSync(at(name));
    mkdirSync(at(name, 'x'), { recursive: true });
  }
  node = await startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await answers(node, 'good');
  const next = await fleet.publish(files('next'));
  expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
  expect([at('state.json'), at('owner.json')].map((path) => statSync(path).isFile())).toEqual([true, true]);
});

test('an edit that HAProxy read is undone there as well', async () => {
  await node.stop();
  edits['an edit of the same size']?.();
  node = await startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  await answers(node, 'good');
  await mended();
});

test('a removed master socket is made anew by a HAProxy that serves on, as often as it is removed', async () => {
  const master = async () => /^(\d+)\s+master/m.exec(await haproxyCommand(at('run/master.sock'), 'show proc'))?.[1];
  const first = await master();
  for (const text of ['next', 'the one after']) {
    rmSync(at('run'), { recursive: true });
    const next = await fleet.publish(files(text));
    expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
    expect(await ask(node)).toBe(text);
    expect(await master()).toBe(first);
  }
});

test('a HAProxy that was left without its master socket is taken over', async () => {
  await node.stop();
  node = await startNode(fleet, {
    FLOTILLA_DATA_DIR: node.dataDir,
    PORT: String(node.port),
    FLOTILLA_HAPROXY_ON_EXIT: 'leave',
  });
  await answers(node, 'good');
  const [master] = haproxyOf(node.dataDir);
  await node.stop();
  rmSync(at('run/master.sock'));
  node = await startNode(fleet, { FLOTILLA_DATA_DIR: node.dataDir, PORT: String(node.port) });
  const next = await fleet.publish(files('next'));
  expect(await fleet.answerTo(next)).toMatchObject({ kind: 'ack' });
  expect(haproxyOf(node.dataDir)).toContain(master);
});
