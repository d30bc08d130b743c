import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** A probe and a scraper or two need a handful; each takes a file descriptor of the program. */
export const mostConnections = 64;

/**
 * Keeps a server's connections few, so that idle ones cannot use up the program's file descriptors: past the limit the
 * one that has waited for longest without a request is ended, and a new one is always taken.
 */
export function keepConnectionsFew(server: Server, most = mostConnections): void {
  // In the order in which they began to wait.
  const idle = new Set<Socket>();
  let open = 0;
  server.headersTimeout = 5_000;
  server.requestTimeout = 10_000;
  server.keepAliveTimeout = 30_000;
  server.on('connection', (socket) => {
    open++;
    idle.add(socket);
    socket.once('close', () => {
      open--;
      idle.delete(socket);
    });
    const [longest] = idle;
    if (open > most) longest?.destroy();
  });
  server.on('request', ({ socket }, response) => {
    idle.delete(socket);
    response.once('close', () => {
      if (!socket.destroyed) idle.add(socket);
    });
  });
}
