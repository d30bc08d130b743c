import { createServer } from 'node:net';
import { join } from 'node:path';
import { masterSocket } from '@flotilla/haproxy';
import { cleanUp, onCleanup, temporaryFolder } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import type { Running } from '../../src/haproxy/port.ts';
import { workerSockets } from '../../src/haproxy/running-haproxy.ts';

afterEach(cleanUp);

/** What HAProxy is told through the socket of a worker of this version. */
async function told(running: Pick<Running, 'version' | 'statsSocket'>): Promise<string> {
  const path = join(temporaryFolder('sockets').path, 'haproxy.sock');
  let received = '';
  const server = createServer((socket) => {
    socket.on('data', (chunk) => {
      received += chunk.toString();
      socket.end('\n> \n> \n> ');
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const sockets = workerSockets(masterSocket(path), path);
  onCleanup(() => {
    sockets.close();
    server.close();
  });
  const worker = { master: 1, worker: 7, oldWorkers: 0, release: undefined, ...running };
  await sockets
    .of(worker)
    .askAll(['add server web/a 127.0.0.1:80'], { readBack: true })
    .catch(() => undefined);
  return received;
}

test('HAProxy 2.4 is told first that servers may be added', async () => {
  expect(await told({ version: '2.4.22', statsSocket: true })).toBe(
    'prompt\nexperimental-mode on\nadd server web/a 127.0.0.1:80\nquit\n',
  );
  expect(await told({ version: '2.6.12', statsSocket: true })).toBe('prompt\nadd server web/a 127.0.0.1:80\nquit\n');
});

test('a worker that does not answer on the stats socket is reached through the master', async () => {
  expect(await told({ version: '2.6.12', statsSocket: false })).toMatch(/^prompt\n@!7 add server web\/a .*\nquit\n$/);
});
