import { type Check, loadSettings, ReleaseStack, createLogger, createMetrics } from '@flotilla/runtime';
import { type LogLine, freePort, killHaproxyWithTest, onCleanup, temporaryFolder, waitFor } from '@flotilla/testkit';
import { settings } from '../src/config.ts';
import { launch } from '../src/launch.ts';
import type { Fleet } from './fleet.ts';

/** An agent in this process, with a data folder, a HAProxy and a port of its own. */
export interface Node {
  readonly dataDir: string;
  /** Where a configuration of `config` listens. */
  readonly port: number;
  readonly log: readonly LogLine[];
  /** Undefined when it is ready, else why not. */
  problem(): string | undefined;
  /** What `/readyz` asks. */
  readonly checks: Readonly<Record<string, Check>>;
  metric(name: string): Promise<number>;
  /** Resolves with what it cannot go on from. */
  readonly failed: Promise<unknown>;
  /** Ends it as SIGTERM does; rejects with what it could not go on from. */
  stop(): Promise<void>;
}

export async function startNode(fleet: Fleet, given: Record<string, string> = {}): Promise<Node> {
  const port = Number(given['PORT'] ?? (await freePort()));
  const dataDir = given['FLOTILLA_DATA_DIR'] ?? temporaryFolder('agent').path;
  killHaproxyWithTest(dataDir);
  const log: LogLine[] = [];
  const metrics = createMetrics();
  const releases = new ReleaseStack();
  const ending = new AbortController();
  let failure: unknown;
  let fail: (error: unknown) => void;
  const failed = new Promise<unknown>((resolve) => (fail = resolve));
  const checks = await launch({
    config: loadSettings(settings, {
      REDIS_URL: fleet.server.url,
      FLOTILLA_KEY: fleet.key,
      FLOTILLA_NODE: 'node-1',
      FLOTILLA_RELOAD_INTERVAL_MS: '0',
      FLOTILLA_VERIFY_MS: '100',
      FLOTILLA_STOP_GRACE_MS: '0',
      ...given,
      FLOTILLA_DATA_DIR: dataDir,
    }),
    log: createLogger({
      app: 'agent',
      level: process.env['TEST_LOG'] ?? 'debug',
      destination: { write: (line) => log.push(JSON.parse(line) as LogLine) },
    }),
    metrics,
    releases,
    signal: ending.signal,
    fail: (error) => {
      failure = error;
      fail(error);
    },
  }).catch(async (error: unknown) => {
    await releases.close();
    throw error;
  });
  const stop = async () => {
    forget();
    ending.abort(new Error('the test ends'));
    const faults = await releases.close();
    if (failure !== undefined) throw failure;
    if (faults.length > 0) throw new AggregateError(faults.map(({ error }) => error));
  };
  const forget = onCleanup(stop);
  return {
    dataDir,
    port,
    log,
    stop,
    failed,
    checks,
    problem: () => checks['haproxy']?.(),
    async metric(name) {
      const line = (await metrics.registry.metrics()).split('\n').find((text) => text.startsWith(`${name} `));
      return Number(line?.split(' ')[1] ?? NaN);
    },
  };
}

/** A configuration that answers with a text, and sends `/pods` to a backend with servers. */
export const config = (port: number, text: string, servers: readonly string[] = [], more = ''): string =>
  [
    'global',
    '  maxconn 200',
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 60s',
    '  timeout server 60s',
    'frontend http',
    `  bind 127.0.0.1:${port}`,
    '  use_backend pods if { path /pods }',
    `  http-request return status 200 content-type text/plain string "${text}" unless { path /pods }`,
    more,
    'backend pods',
    ...servers.map((address, at) => `  server pod-${at} ${address}`),
    '',
  ].join('\n');

/** What the node's HAProxy answers; the error's code when it does not. */
export async function ask({ port }: Pick<Node, 'port'>, path = '/'): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
    const text = await answer.text();
    return answer.status === 200 ? text : String(answer.status);
  } catch (error) {
    return String((error as { cause?: { code?: string } }).cause?.code ?? error);
  }
}

export const answers = (node: Pick<Node, 'port'>, text: string, path = '/'): Promise<unknown> =>
  waitFor(async () => (await ask(node, path)) === text, {
    what: `the answer "${text}"`,
    deadlineMs: 20_000,
    everyMs: 10,
  });
