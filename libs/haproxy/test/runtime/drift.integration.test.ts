import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort, onCleanup, waitFor } from '@flotilla/testkit';
import { findDrift } from '../../src/runtime/find-drift.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { podsConfig } from '../live/pods-config.ts';

afterEach(cleanUp);

const start = async (lines: string[], before = ''): Promise<LiveHaproxy> => {
  const port = await freePort();
  return liveHaproxy(() => ({ config: before + podsConfig(port, { web: lines }) }));
};
const drift = async ({ socket, running, removals }: LiveHaproxy) =>
  (await findDrift(socket, running(), { removals })).map(({ what, wanted, found }) => `${what}: ${wanted} / ${found}`);

describe('a HAProxy that runs what its file says shows no drift', () => {
  it.each([
    ['names and addresses from the environment', ['server "$POD" "$IP:80"', 'server b "$IP:81" weight 3 disabled']],
    ['servers of a template', ['server-template pod- 1-3 127.0.0.1:9', 'server b 127.0.0.1:1']],
    ['a disabled backend', ['disabled', 'server a 127.0.0.1:1 weight 3 disabled', 'server b 127.0.0.1:2 check']],
    ['addresses with their family', ['server a ipv4@127.0.0.1:1', 'server b ipv6@[::1]:80', 'server c ipv6@::1:81']],
    ['quoted words', ['server "a" \'127.0.0.1:1\' "weight" 3']],
    ['an unknown keyword, which may take the others as its arguments', ['server a 127.0.0.1:1 no-sslv3 disabled']],
    ['servers in conditional blocks', ['.if 1', 'server a 127.0.0.1:1', '.else', 'server a 127.0.0.1:2', '.endif']],
    [
      'a tracking server whose other one is in maintenance',
      ['server a 127.0.0.1:1 check disabled', 'server b 127.0.0.1:2 track a'],
    ],
  ])('with %s', async (_, lines) => {
    const live = await start(lines, 'global\n  setenv POD one\n  setenv IP 127.0.0.1\n');
    expect(await drift(live)).toEqual([]);
  });

  it('when the servers of a disabled backend changed in the file', async () => {
    const port = await freePort();
    const config = (...servers: string[]) => podsConfig(port, { web: ['disabled', ...servers] });
    const live = await liveHaproxy(() => ({ config: config('server a 127.0.0.1:1', 'server b 127.0.0.1:2') }));
    const { plan } = await live.follow(live.release(config('server a 127.0.0.1:3 weight 2', 'server c 127.0.0.1:4')));
    expect(plan).toEqual({ kind: 'none' });
    expect(await drift(live)).toEqual([]);
  });

  it('when an agent has put a server into drain with another weight', async () => {
    const agent = createServer((socket) => {
      // HAProxy resets the connection when it has read enough.
      socket.on('error', () => undefined);
      socket.end('50% drain\n');
    });
    const port = await freePort();
    await new Promise<void>((resolve) => agent.listen(port, '127.0.0.1', resolve));
    onCleanup(
      () =>
        new Promise<void>((resolve) =>
          agent.close(() => {
            resolve();
          }),
        ),
    );
    const live = await start([`server a 127.0.0.1:1 weight 10 agent-check agent-port ${port} agent-inter 50ms`]);
    await waitFor(async () => / a \S+ \d+ 8 5 10 /.test(await live.socket.ask('show servers state web')), {
      what: 'the agent to be heard',
    });
    expect(await drift(live)).toEqual([]);
  });
});

describe('drift', () => {
  it('is a server that is there although the environment names none', async () => {
    const live = await start(['server a 127.0.0.1:1']);
    await live.socket.ask('add server web/b 127.0.0.1:9');
    expect(await drift(live)).toEqual(['server web/b: absent / maint']);
  });

  it('is every server of a backend that HAProxy does not have', async () => {
    const live = await start(['server a 127.0.0.1:1']);
    const wanted = live.release(`${live.running().config.text}backend other\n  server x 127.0.0.1:1\n`);
    expect((await findDrift(live.socket, wanted, { removals: live.removals })).map(({ what }) => what)).toEqual([
      'server other/x',
    ]);
  });

  it('is not looked for any longer when something more urgent came up', async () => {
    const live = await start(['server a 127.0.0.1:1']);
    const signal = AbortSignal.abort(new Error('a new version'));
    await expect(findDrift(live.socket, live.running(), { removals: live.removals, signal })).rejects.toThrow(
      'a new version',
    );
  });
});
