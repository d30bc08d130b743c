import { randomBytes } from 'node:crypto';
import { onCleanup } from './cleanup.ts';
import { type App, startApp } from './app.ts';
import { type Etcd, startEtcd } from './etcd.ts';
import { EtcdClient } from './etcd-client.ts';
import { freePort } from './port.ts';
import { type RedisServer, startRedis } from './redis.ts';

export interface StackOptions {
  renderers?: number;
  nodes?: number;
  /** Keep Redis' data across a restart. */
  persist?: boolean;
  /** More environment of every app; `renderer`, `watcher` and `agent` for one kind. */
  env?: Record<string, string>;
  watcherEnv?: Record<string, string>;
  rendererEnv?: Record<string, string>;
  agentEnv?: Record<string, string>;
}

/** A node: its agent, and the addresses its HAProxy takes from the environment (`HTTP_BIND`, `HTTPS_BIND`). */
export interface StackNode {
  name: string;
  agent: App;
  httpPort: number;
  httpsPort: number;
  /** Starts the agent again with the same data and ports. */
  restart(): Promise<void>;
}

/** Everything of Flotilla on local servers: etcd, Redis, one watcher, renderers and nodes. */
export interface Stack {
  etcd: Etcd;
  store: EtcdClient;
  redis: RedisServer;
  watcher: App;
  renderers: App[];
  nodes: StackNode[];
  /** The environment every app gets, for starting another one. */
  env: Record<string, string>;
  startRenderer(): Promise<App>;
  startWatcher(): Promise<App>;
  stop(): Promise<void>;
}

/** Starts the servers, lets the caller fill the store, then starts the apps. Everything ends with the test. */
export async function startStack(
  options: StackOptions = {},
  fill: (store: EtcdClient) => Promise<void> = async () => undefined,
): Promise<Stack> {
  const [etcd, redis] = await Promise.all([startEtcd(), startRedis({ persist: options.persist ?? false })]);
  const store = new EtcdClient(etcd.url);
  const forget = onCleanup(() => store.close());
  await fill(store);

  const env = {
    REDIS_URL: redis.url,
    FLOTILLA_KEY: randomBytes(32).toString('base64'),
    FLOTILLA_LOG_LEVEL: 'info',
    ...options.env,
  };
  const startWatcher = () => startApp('watcher', { ...env, ETCD2BASE: etcd.url, ...options.watcherEnv });
  const startRenderer = () => startApp('renderer', { ...env, ...options.rendererEnv });
  const startNode = async (at: number): Promise<StackNode> => {
    const [httpPort, httpsPort] = [await freePort(), await freePort()];
    const name = `node-${at + 1}`;
    const start = (dataDir?: string) =>
      startApp('agent', {
        ...env,
        FLOTILLA_NODE: name,
        HTTP_BIND: `127.0.0.1:${httpPort}`,
        HTTPS_BIND: `127.0.0.1:${httpsPort}`,
        ...options.agentEnv,
        ...(dataDir !== undefined && { FLOTILLA_DATA_DIR: dataDir }),
      });
    const node: StackNode = {
      name,
      agent: await start(),
      httpPort,
      httpsPort,
      restart: async () => {
        node.agent = await start(node.agent.dataDir);
      },
    };
    return node;
  };

  const times = (count: number) => Array.from({ length: count }, (_, at) => at);
  const [watcher, renderers, nodes] = await Promise.all([
    startWatcher(),
    Promise.all(times(options.renderers ?? 1).map(startRenderer)),
    Promise.all(times(options.nodes ?? 1).map(startNode)),
  ]);
  const stack: Stack = {
    etcd,
    store,
    redis,
    watcher,
    renderers,
    nodes,
    env,
    startRenderer,
    startWatcher,
    stop: async () => {
      await Promise.all(
        [stack.watcher, ...stack.renderers, ...stack.nodes.map(({ agent }) => agent)].map((app) => app.stop()),
      );
      forget();
      await store.close();
      await Promise.all([redis.stop(), etcd.stop()]);
    },
  };
  return stack;
}
