import { type IncomingMessage, type ServerResponse, createServer, request } from 'node:http';
import { type ServerOptions, createServer as createTlsServer } from 'node:https';
import { freePort, onCleanup } from '@flotilla/testkit';

export interface HttpFrontOptions {
  /** What every path begins with; it is taken off. */
  readonly basePath?: string;
  readonly tls?: ServerOptions;
  /** Answers a request itself when it returns true. */
  readonly intercept?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** A reverse proxy before etcd, as an operator may have one, which can also give answers of its own. */
export async function startHttpFront(target: string, options: HttpFrontOptions = {}): Promise<{ url: string }> {
  const { basePath = '', tls, intercept } = options;
  const port = await freePort();
  const answer = (incoming: IncomingMessage, response: ServerResponse) => {
    if (intercept?.(incoming, response)) return;
    const path = incoming.url ?? '';
    if (!path.startsWith(`${basePath}/v2/`)) {
      response.writeHead(404).end('404 page not found');
      return;
    }
    const onward = request(`${target}${path.slice(basePath.length)}`, { headers: incoming.headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      response.flushHeaders();
      reply.pipe(response);
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end();
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onCleanup(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  });
  return { url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}${basePath}` };
}
