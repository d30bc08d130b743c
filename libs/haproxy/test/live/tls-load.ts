import { Agent, request } from 'node:https';
import { onCleanup } from '@flotilla/testkit';

export interface TlsLoad {
  /** Lets the requests under way finish; what failed, and how many were answered. */
  stop(): Promise<{ answers: number; failures: string[] }>;
}

/** GET requests over TLS, one after the other on each connection; each opens one of its own unless kept alive. */
export function tlsLoad({ port, name, path, connections = 2, keepAlive = false }: TlsLoadOptions): TlsLoad {
  const agent = new Agent({ keepAlive, maxSockets: connections, maxCachedSessions: 0 });
  const failures: string[] = [];
  let [answers, running] = [0, true];
  const one = () =>
    new Promise<void>((resolve) => {
      const settle = (failure?: string) => {
        if (failure === undefined) answers++;
        else failures.push(failure);
        resolve();
      };
      const options = {
        host: '127.0.0.1',
        port,
        path,
        agent,
        servername: name,
        rejectUnauthorized: false,
        timeout: 10_000,
      };
      const call = request(options, (response) => {
        response.resume();
        response.once('end', () => {
          settle(response.statusCode === 200 ? undefined : `HTTP ${response.statusCode}`);
        });
      });
      call.once('timeout', () => call.destroy(new Error('no answer')));
      call.once('error', (error: NodeJS.ErrnoException) => {
        settle(error.code ?? error.message);
      });
      call.end();
    });
  const loop = async () => {
    while (running) await one();
  };
  const loops = Promise.all(Array.from({ length: connections }, loop));
  const stop = async () => {
    running = false;
    await loops;
    agent.destroy();
    return { answers, failures };
  };
  onCleanup(async () => {
    await stop();
  });
  return { stop };
}

export interface TlsLoadOptions {
  readonly port: number;
  /** Server name of the handshake. */
  readonly name: string;
  readonly path: string;
  readonly connections?: number;
  readonly keepAlive?: boolean;
}
