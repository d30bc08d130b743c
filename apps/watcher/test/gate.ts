import { type Socket, connect, createServer } from 'node:net';
import { freePort, onCleanup } from '@flotilla/testkit';

/** A way to a server on loopback that can be shut: open connections are reset, new ones refused. */
export interface Gate {
  readonly url: string;
  shut(): Promise<void>;
  open(): Promise<void>;
}

export async function startGate(target: string): Promise<Gate> {
  const { hostname, port } = new URL(target);
  const ownPort = await freePort();
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
  });
  const gate: Gate = {
    url: `http://127.0.0.1:${ownPort}`,
    shut: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.resetAndDestroy();
      }),
    open: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(ownPort, '127.0.0.1', resolve);
      }),
  };
  await gate.open();
  onCleanup(() => (server.listening ? gate.shut() : undefined));
  return gate;
}
