import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { onCleanup } from './cleanup.ts';
import { freeAddress, freePort } from './port.ts';
import { echoWebSocket } from './websocket-echo.ts';

export interface PodServerOptions {
  name: string;
  /** A loopback address; one that nothing uses yet unless given. */
  host?: string;
  /** A free one unless given. */
  port?: number;
  /** How long every answer takes. */
  delayMs?: number;
}

export interface PodServer {
  name: string;
  host: string;
  port: number;
  url: string;
  /** Requests answered so far. */
  requests(): number;
  stop(): Promise<void>;
}

/** The inside of a pod: an HTTP server that answers its name (body and `X-Pod`), keeps connections alive, echoes WebSockets. */
export async function startPodServer(options: PodServerOptions): Promise<PodServer> {
  const { name, delayMs = 0 } = options;
  const host = options.host ?? freeAddress();
  const port = options.port ?? (await freePort());
  const sockets = new Set<Socket>();
  let requests = 0;

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    const answer = () => {
      requests++;
      response.writeHead(200, { 'content-type': 'text/plain', 'x-pod': name });
      response.end(`${name}\n`);
    };
    if (delayMs > 0) setTimeout(answer, delayMs);
    else answer();
  });
  server.on('upgrade', (request, socket) => {
    echoWebSocket(request, socket, name);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });

  const stop = async () => {
    forget();
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const forget = onCleanup(stop);
  return { name, host, port, url: `http://${host}:${port}`, requests: () => requests, stop };
}
