import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FlotillaError, reasonOf } from '@flotilla/domain';
import { keepConnectionsFew } from './few-connections.ts';
import type { Gauge, Metrics } from './metrics.ts';

/** Undefined when all is well, else why not. A check that throws counts as not well. */
export type Check = () => string | undefined;

/** The same answers as a metric, so that an alert can be made of them. */
export const checkGauge = (metrics: Metrics): Gauge<'check'> =>
  metrics.gauge('check_ok', 'What /readyz asks, by check: 1 while all is well', ['check']);

export interface HealthServer {
  /** `http://host:port`, with the port that was taken. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (200 while the process answers), `/readyz` (200, or 503 with the reasons) and `/metrics`.
 * Rejects with a `FlotillaError` when the address cannot be bound.
 */
export async function serveHealth(options: {
  address: { host: string; port: number };
  /** Asked at every request, so that an app that is starting or ending can say so. */
  checks: () => Readonly<Record<string, Check>>;
  metrics: Metrics;
}): Promise<HealthServer> {
  const { address, checks, metrics } = options;
  const well = checkGauge(metrics);
  const server = createServer((request, response) => {
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    };
    switch (request.url?.split('?')[0]) {
      case '/healthz':
        send(200, { ok: true });
        break;
      case '/readyz': {
        const asked = checks();
        const problems = problemsOf(asked);
        const ready = Object.keys(problems).length === 0;
        send(ready ? 200 : 503, { ready, checks: Object.keys(asked), problems });
        break;
      }
      case '/metrics':
        well.reset();
        for (const [check, look] of Object.entries(checks())) well.set({ check }, ask(look) === undefined ? 1 : 0);
        metrics.registry.metrics().then(
          (text) => response.writeHead(200, { 'content-type': metrics.registry.contentType }).end(text),
          () => {
            send(500, { error: 'the metrics could not be collected' });
          },
        );
        break;
      default:
        send(404, { error: 'not found', paths: ['/healthz', '/readyz', '/metrics'] });
    }
  });
  keepConnectionsFew(server);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(address.port, address.host, resolve);
  }).catch((cause: unknown) => {
    const { host, port } = address;
    throw new FlotillaError('health-address', `FLOTILLA_HTTP ${host}:${port} cannot be used: ${reasonOf(cause)}`, {
      cause,
    });
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** What the checks find wrong, by their name. */
export function problemsOf(checks: Readonly<Record<string, Check>>): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const [name, check] of Object.entries(checks)) {
    const problem = ask(check);
    if (problem !== undefined) problems[name] = problem;
  }
  return problems;
}

function ask(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return reasonOf(error);
  }
}
