import { type Server, type Socket, createServer } from 'node:net';
import { onCleanup } from '@flotilla/testkit';

/**
 * Pods that answer on loopback addresses of their own, in this process. Each says its address in `x-pod`.
 *
 * A request to `/hold` is answered only at the end: one held request on every old pod makes `leastconn` send the next
 * one to a new pod at once, so that a latency is not a matter of whose turn it is.
 *
 * They speak just enough HTTP for HAProxy's GET requests: an HTTP server of Node's takes ten times as long for an
 * answer, on the processors whose time is measured.
 */
export class PodFarm {
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #held = new Map<string, () => void>();

  constructor(readonly port: number) {
    onCleanup(() => this.close());
  }

  async add(address: string): Promise<void> {
    const server = createServer((socket) => {
      this.#serve(socket, address);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(this.port, address, resolve);
    });
  }

  #serve(socket: Socket, pod: string): void {
    const answer = (): void => {
      if (!socket.destroyed) socket.write(`HTTP/1.1 200 OK\r\nx-pod: ${pod}\r\ncontent-length: 2\r\n\r\nok`);
    };
    let request = '';
    this.#sockets.add(socket.setNoDelay(true));
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      request += chunk.toString('latin1');
      if (!request.endsWith('\r\n\r\n')) return;
      if (request.startsWith('GET /hold ')) this.#held.set(pod, answer);
      else answer();
      request = '';
    });
  }

  /** How many pods hold a request. */
  get holding(): number {
    return this.#held.size;
  }

  /** Answers the requests that are held, so that HAProxy counts them no more. */
  release(): void {
    for (const answer of this.#held.values()) answer();
    this.#held.clear();
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(
      this.#servers.splice(0).map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => {
              resolve();
            });
          }),
      ),
    );
  }
}
