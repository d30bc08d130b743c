import { type Server, type Socket, connect, createServer } from 'node:net';
import { freePort, onCleanup } from '@flotilla/testkit';

export interface Proxy {
  readonly url: string;
  /** Connections from clients that are open now. */
  connections(): number;
  /** Resets every open connection; new ones work. */
  cut(): void;
  /** Resets every open connection and takes no new ones until `reopen()`. */
  shut(): Promise<void>;
  reopen(): Promise<void>;
  /** From now on passes nothing on over the connections that are open; with `also`, over new ones neither. */
  freeze(options?: { also: 'new' }): void;
  /** Freezes the open connections that are waiting for events on this subtree. */
  freezeStream(subtree: string): number;
  thaw(): void;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  sent: string;
}

/** A TCP proxy on loopback that fails in the ways networks fail. */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port: targetPort } = new URL(target);
  const port = await freePort();
  const pairs = new Set<Pair>();
  let frozen = false;

  const server: Server = createServer((client) => {
    const pair: Pair = { client, server: connect(Number(targetPort), hostname), sent: '' };
    pairs.add(pair);
    client.on('data', (chunk) => (pair.sent += chunk.toString('latin1')));
    client.pipe(pair.server);
    pair.server.pipe(client);
    for (const socket of [client, pair.server]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        drop(pair);
      });
    }
    if (frozen) stall(pair);
  });

  const drop = (pair: Pair) => {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.server.destroy();
  };
  const stall = ({ client, server: upstream }: Pair) => {
    for (const socket of [client, upstream]) socket.unpipe().pause();
  };
  const open = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
  const shut = () => {
    const closed = new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
    });
    for (const pair of [...pairs]) drop(pair);
    return closed;
  };

  await open();
  onCleanup(() => (server.listening ? shut() : undefined));
  return {
    url: `http://127.0.0.1:${port}`,
    connections: () => pairs.size,
    cut: () => {
      for (const pair of [...pairs]) drop(pair);
    },
    shut,
    reopen: open,
    freeze: (options) => {
      frozen = options?.also === 'new';
      for (const pair of pairs) stall(pair);
    },
    freezeStream: (subtree) => {
      const waiting = [...pairs].filter(({ sent }) =>
        sent.includes(`/${subtree}?wait=true&recursive=true&stream=true`),
      );
      for (const pair of waiting) stall(pair);
      return waiting.length;
    },
    thaw: () => {
      frozen = false;
      for (const { client, server: upstream } of pairs) {
        // A pipe that was never taken away would carry everything twice.
        client.unpipe().pipe(upstream);
        upstream.unpipe().pipe(client);
      }
    },
  };
}
