import { type Server, type Socket, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { cleanUp, freePort, onCleanup, startHaproxy, temporaryFolder, waitFor } from '@flotilla/testkit';
import { SpareConnection, runtimeSocket } from '../../src/index.ts';

afterEach(cleanUp);

/** A socket that answers each command with the number of the connection, and what came over each. */
async function listening(onConnection: (socket: Socket, number: number) => void = () => undefined) {
  const path = join(temporaryFolder('spare').path, 'stats.sock');
  const received: string[] = [];
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    const number = received.push('');
    open.add(socket);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.on('data', (chunk) => (received[number - 1] += chunk.toString()));
    socket.on('end', () => socket.end(received[number - 1] === '' ? '' : `\n> ${number}\n> `));
    onConnection(socket, number);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const spare = new SpareConnection({ path });
  onCleanup(() => {
    spare.close();
    for (const socket of open) socket.destroy();
    server.close();
  });
  return { received, spare, runtime: runtimeSocket({ path }, { spare }) };
}

it('carries commands that are read back over the open connection, each over another, and nothing else', async () => {
  const { received, spare, runtime } = await listening();
  spare.open();
  spare.open();
  await waitFor(() => received.length === 1, { what: 'the connection' });
  expect(await runtime.askAll(['show a'])).toEqual(['2']);
  expect(await runtime.askAll(['set b'], { readBack: true })).toEqual(['1']);
  expect(received).toEqual(['prompt\nset b\nquit\n', 'prompt\nshow a\nquit\n']);
  await waitFor(() => received.length === 3, { what: 'the next one' });
  expect(await runtime.askAll(['set c'], { readBack: true })).toEqual(['3']);
});

it('does without when there is none, and takes a new one for one that ends unread', async () => {
  const { received, spare, runtime } = await listening((socket, number) => {
    if (number === 2) socket.once('data', () => socket.destroy());
  });
  expect(await runtime.askAll(['set a'], { readBack: true })).toEqual(['1']);
  spare.open();
  await waitFor(() => received.length === 2, { what: 'the connection' });
  expect(await runtime.askAll(['set b'], { readBack: true })).toEqual(['3']);
});

it('is replaced when it was ended for being idle, but not when it ends at once', async () => {
  const lifeMs = 1_100;
  const { received, spare } = await listening((socket, number) => {
    setTimeout(() => socket.destroy(), number === 1 ? lifeMs : 0);
  });
  spare.open();
  await waitFor(() => received.length === 2, { what: 'the second one', deadlineMs: 5_000 });
  await pause(200);
  expect(received).toHaveLength(2);
});

it('works with HAProxy, also after it ended an idle one', async () => {
  const port = await freePort();
  const haproxy = await startHaproxy({
    config: ({ statsSocket }) => `global
  stats socket ${statsSocket} level admin
  stats timeout 1s
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
listen web
  bind 127.0.0.1:${port}
  balance roundrobin
`,
  });
  const spare = new SpareConnection({ path: haproxy.statsSocket });
  onCleanup(() => {
    spare.close();
  });
  const runtime = runtimeSocket({ path: haproxy.statsSocket }, { spare });
  spare.open();
  for (const name of ['a', 'b', 'c']) {
    const added = await runtime.askAll([`add server web/${name} 127.0.0.1:1`], { readBack: true });
    expect(added).toEqual(['New server registered.']);
    await pause(name === 'a' ? 100 : 1_500);
  }
  expect((await runtime.ask('show servers state web')).match(/ web \d+ [abc] /g)).toHaveLength(3);
});
