import { type ServerResponse, createServer } from 'node:http';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { onCleanup } from '@flotilla/testkit';

/**
 * Pods that answer on loopback addresses of their own, in this process. Each says its address in `x-pod`.
 *
 * A request to `/hold` is answered only at the end: one held request on every old pod makes `leastconn` send the next
 * one to a new pod at once, so that a latency is not a matter of whose turn it is.
 */
export class PodFarm {
  readonly #servers = new Map<string, Server>();
  readonly #sockets = new Set<Socket>();
  readonly #http = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
    this.requests++;
    const pod = request.socket.localAddress ?? '';
    if (request.url === '/hold') {
      this.#held.set(pod, response);
      return;
    }
    response.writeHead(200, { 'x-pod': pod, 'content-length': 2 }).end('ok');
  });
  readonly #held = new Map<string, ServerResponse>();
  requests = 0;

  constructor(readonly port: number) {
    onCleanup(() => this.close());
  }

  async add(address: string): Promise<void> {
    const server = createTcpServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#http.emit('connection', socket);
    });
    this.#servers.set(address, server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, address, resolve);
    });
  }

  /** How many pods hold a request. */
  get holding(): number {
    return this.#held.size;
  }

  /** Answers the requests that are held, so that HAProxy counts them no more. */
  release(): void {
    for (const response of this.#held.values()) response.end();
    this.#held.clear();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      [...this.#servers.values()].map(
        (server) =>
          new Promise<void>((resolve) =>
            server.close(() => {
              resolve();
            }),
          ),
      ),
    );
    this.#servers.clear();
  }
}
