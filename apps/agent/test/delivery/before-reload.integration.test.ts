import { type Server, createServer } from 'node:net';
import { join } from 'node:path';
import {
  cleanUp,
  freePort,
  haproxyCommand,
  loadClient,
  onCleanup,
  startHaproxy,
  temporaryFolder,
  waitFor,
} from '@flotilla/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fleet, startFleet } from '../fleet.ts';
import { type Node, ask, config, startNode } from '../node.ts';

let fleet: Fleet;
let node: Node;
let port: number;

beforeEach(async () => {
  fleet = await startFleet();
  node = await startNode(fleet);
  port = await freePort();
});
afterEach(cleanUp);

/** The configuration of `config` and these lines behind it. */
const publish = (text: string, ...more: string[]) =>
  fleet.publish({ 'haproxy.cfg': `${config(node.port, text)}${more.join('\n')}\n` });
const front = (name: string, ...lines: string[]): string =>
  [`frontend ${name}`, ...lines, `http-request return status 200 content-type text/plain string ${name}`].join('\n  ');

async function takePort(taken: number, host: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(taken, host, resolve));
  onCleanup(() => void server.close());
  return server;
}

describe('a reload that HAProxy can make is made', () => {
  const cases: [string, (port: number) => [string[], string[]]][] = [
    [
      'a variable becomes the port it stood for',
      (at) => [[front('a', `bind "127.0.0.1:\${NO_PORT-${at}}"`)], [front('a', `bind 127.0.0.1:${at}`)]],
    ],
    [
      'a variable that the configuration sets',
      (at) => [
        ['global', `  setenv AT ${at}`, front('a', 'bind "127.0.0.1:$AT"')],
        [front('a', `bind 127.0.0.1:${at}`)],
      ],
    ],
    [
      'a variable elsewhere on the line',
      (at) => [[front('a', `bind 127.0.0.1:${at} name "\${NAME-x}"`)], [front('a', `bind 127.0.0.1:${at} name y`)]],
    ],
    [
      'a port moves to another section',
      (at) => [[front('a', `bind 127.0.0.1:${at}`)], [front('b', `bind "127.0.0.1:${at}"`)]],
    ],
    [
      'a port on another address, and on all',
      (at) => [[front('a', `bind 127.0.0.1:${at}`)], [front('a', `bind :${at}`, `bind 127.0.0.2:${at}`)]],
    ],
    [
      'a port on one address instead of all',
      (at) => [[front('a', `bind :${at}`)], [front('a', `bind 127.0.0.2:${at}`)]],
    ],
    ['a port twice', (at) => [[], [front('a', `bind 127.0.0.1:${at}`), front('b', `bind 127.0.0.1:${at}`)]]],
    [
      'conditions choose the port',
      (at) => [
        ['.if defined(NOWHERE)', front('a', `bind 127.0.0.1:1`), '.else', front('a', `bind 127.0.0.1:${at}`), '.endif'],
        [front('b', `bind 127.0.0.1:${at}`)],
      ],
    ],
  ];
  test.each(cases)('%s', async (_, lines) => {
    const [before, after] = lines(port);
    expect(await fleet.answerTo(await publish('one', ...before))).toMatchObject({ kind: 'ack' });
    const load = loadClient({ url: `http://127.0.0.1:${node.port}/`, connections: 2 });
    expect(await fleet.answerTo(await publish('two', ...after))).toMatchObject({
      kind: 'ack',
      how: { kind: 'reload' },
    });
    expect(await fleet.answerTo(await publish('three', ...after))).toMatchObject({ kind: 'ack' });
    expect(await load.stop()).toMatchObject({ failed: 0 });
    expect(await ask(node)).toBe('three');
  });

  const busy: [string, (port: number) => string[]][] = [
    ['behind a condition that is false', (at) => ['.if !defined(PATH)', front('a', `bind 127.0.0.1:${at}`), '.endif']],
    ['in a frontend that is disabled', (at) => [front('a', 'disabled', `bind 127.0.0.1:${at}`)]],
    ['in the other family', (at) => [front('a', `bind [::]:${at} v6only`)]],
  ];
  test.each(busy)('a port that someone else holds, %s', async (_, lines) => {
    await takePort(port, '0.0.0.0');
    await fleet.answerTo(await publish('one'));
    expect(await fleet.answerTo(await publish('two', ...lines(port)))).toMatchObject({ kind: 'ack' });
    expect(await ask(node)).toBe('two');
  });

  test('a port that another HAProxy shares', async () => {
    await startHaproxy({
      config: `defaults\n  mode http\n  timeout client 1s\n  timeout connect 1s\n  timeout server 1s\n${front('a', `bind 127.0.0.1:${port}`)}\n`,
    });
    await fleet.answerTo(await publish('one'));
    expect(await fleet.answerTo(await publish('two', front('a', `bind 127.0.0.1:${port}`)))).toMatchObject({
      kind: 'ack',
    });
  });
});

describe('what would make a reload fail is found before it, and no request fails', () => {
  const cases: [string, (port: number, folder: string) => string[], RegExp][] = [
    [
      'a port of someone else',
      (at) => [front('a', `bind 127.0.0.1:${at}`)],
      /^haproxy\.cfg:\d+: frontend a: .*in use.*\]/i,
    ],
    [
      'one that a variable gives',
      (at) => ['global', `  setenv AT ${at}`, front('a', 'bind "127.0.0.1:$AT" name "$AT"')],
      /frontend a: .*in use/i,
    ],
    ['an address that is not on the node', () => [front('a', `bind 192.0.2.1:81`)], /frontend a: .*requested address/],
    [
      'one beside the port of its own',
      () => [front('a', `bind 192.0.2.1:${node.port}`)],
      /frontend a: .*requested address/,
    ],
    [
      'a socket in no folder',
      (_, folder) => [front('a', `bind ${folder}/none/x.sock`)],
      /frontend a: .*No such file.*none\/x\.sock/,
    ],
    [
      'a command socket in no folder',
      (_, folder) => ['global', `  stats socket ${folder}/none/x.sock`],
      /haproxy\.cfg:\d+: global: .*No such file/,
    ],
    [
      'a log receiver’s port',
      (at) => ['ring r', 'log-forward l', `  bind 127.0.0.1:${at}`, '  log ring@r local0'],
      /log-forward l: .*in use/i,
    ],
    [
      'a root folder that is not there',
      (_, folder) => ['global', `  chroot ${folder}/none`],
      /Cannot chroot\(.*none\)\. \(global: chroot .*none\)/,
    ],
    ['a root folder that is none', () => ['global', '  chroot /etc/passwd'], /Cannot chroot/],
    [
      'a pid file in no folder',
      (_, folder) => ['global', `  pidfile ${folder}/none/x.pid`],
      /pidfile .*none\/x\.pid cannot be written/,
    ],
  ];
  test.each(cases)('%s', async (_, lines, reason) => {
    await takePort(port, '0.0.0.0');
    await fleet.answerTo(await publish('one'));
    const load = loadClient({ url: `http://127.0.0.1:${node.port}/`, connections: 2 });
    expect(await fleet.answerTo(await publish('two', ...lines(port, temporaryFolder('none').path)))).toMatchObject({
      kind: 'nack',
      reason: expect.stringMatching(reason) as string,
    });
    expect(await load.stop()).toMatchObject({ failed: 0 });
    expect(await ask(node)).toBe('one');
    const proc = await haproxyCommand(join(node.dataDir, 'run/master.sock'), 'show proc');
    expect(proc).toMatch(/ master +0 \[failed: 0\]/);
  });

  test('a version whose port is free again is taken up by itself', async () => {
    const other = await takePort(port, '127.0.0.1');
    await fleet.answerTo(await publish('one'));
    const second = await publish('two', front('a', `bind 127.0.0.1:${port}`));
    expect(await fleet.answerTo(second)).toMatchObject({ kind: 'nack' });
    await new Promise((resolve) => other.close(resolve));
    await waitFor(async () => (await fleet.answers()).length === 3, { what: 'the ack', deadlineMs: 20_000 });
    expect(await ask(node)).toBe('two');
    expect((await fleet.answers()).map(({ kind, artifact }) => [kind, artifact.version])).toEqual([
      ['ack', 1],
      ['nack', 2],
      ['ack', 2],
    ]);
    await waitFor(async () => (await fleet.status())[0]?.parked === null, { what: 'the status', deadlineMs: 10_000 });
  });

  test('a port that is free again is taken, and a socket that was tried is there', async () => {
    const other = await takePort(port, '127.0.0.1');
    const folder = temporaryFolder('sockets').path;
    const lines = [front('a', `bind 127.0.0.1:${port}`, `bind ${join(folder, 'a.sock')} mode 600`)];
    await fleet.answerTo(await publish('one'));
    expect(await fleet.answerTo(await publish('two', ...lines))).toMatchObject({ kind: 'nack' });
    await new Promise((resolve) => other.close(resolve));
    expect(await fleet.answerTo(await publish('three', ...lines))).toMatchObject({ kind: 'ack' });
    expect(await ask({ port })).toBe('a');
  });
});
