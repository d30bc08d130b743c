import { type Socket, connect, createServer } from 'node:net';
import { onCleanup } from './cleanup.ts';

export interface TcpProxy {
  readonly port: number;
  /** Connections that are open now. */
  count(): number;
  /** Where connections go that are opened from now on: a moving address. The open ones stay where they are. */
  pointTo(port: number): void;
  /** Connections that are open now stay open and pass nothing any more, for ever: half-open. New ones work. */
  freeze(): void;
  /** Ends the open connections with a reset (RST). */
  reset(): void;
  /** Ends the open connections and each new one at once, until `pass`. */
  cut(): void;
  /** New connections are passed again. */
  pass(): void;
  stop(): Promise<void>;
}

/** A proxy on loopback in front of a server on loopback, with faults of the network on demand. */
export async function tcpProxy(target: number): Promise<TcpProxy> {
  let to = target;
  let isCut = false;
  const pairs = new Set<{ client: Socket; server: Socket }>();

  const listener = createServer((client) => {
    if (isCut) {
      client.on('error', () => undefined).destroy();
      return;
    }
    const server = connect({ port: to, host: '127.0.0.1', noDelay: true });
    client.setNoDelay(true);
    const pair = { client, server };
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    // An error is followed by the close.
    for (const socket of [client, server]) socket.on('error', () => undefined).once('close', end);
    client.pipe(server);
    server.pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  const endAll = (end: (socket: Socket) => void): void => {
    for (const { client, server } of [...pairs]) {
      end(client);
      server.destroy();
    }
  };
  const proxy: TcpProxy = {
    port: address.port,
    count: () => pairs.size,
    pointTo: (port) => {
      to = port;
    },
    freeze: () => {
      for (const { client, server } of pairs) {
        client.unpipe(server).pause();
        server.unpipe(client).pause();
      }
    },
    reset: () => {
      endAll((socket) => socket.resetAndDestroy());
    },
    cut: () => {
      isCut = true;
      endAll((socket) => socket.destroy());
    },
    pass: () => {
      isCut = false;
    },
    stop: () =>
      new Promise((resolve) => {
        listener.close(() => {
          resolve();
        });
        endAll((socket) => socket.destroy());
      }),
  };
  onCleanup(() => proxy.stop());
  return proxy;
}
