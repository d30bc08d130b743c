import { randomBytes } from 'node:crypto';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type App,
  type AppName,
  type CertificatePair,
  type Etcd,
  EtcdClient,
  type PodServer,
  type RedisServer,
  type TcpProxy,
  type TemporaryFolder,
  certificate,
  freePort,
  haproxyOf,
  startApp,
  startEtcd,
  startPodServer,
  startRedis,
  tcpProxy,
  temporaryFolder,
} from '@flotilla/testkit';
import { Cluster } from './cluster.ts';
import type { Content, Entry } from './content.ts';
import { hostOf } from './fleet-template.ts';

/** A program of Flotilla, with connections of its own to the servers. */
export interface Part {
  readonly name: string;
  readonly kind: AppName;
  readonly links: { readonly redis: TcpProxy; readonly etcd?: TcpProxy };
  readonly dataDir: string;
  app: App;
  isUp: boolean;
  start(): Promise<void>;
}

export interface Node extends Part {
  readonly fleet: string;
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** A server whose data can be put back to what it was. */
export interface Server {
  readonly name: 'redis' | 'etcd';
  readonly folder: string;
  /** Where copies of the folder go. */
  readonly copiesIn: string;
  readonly copies: { folder: string; content: Content }[];
  readonly process: Pick<RedisServer | Etcd, 'pid' | 'kill' | 'restart' | 'stop'>;
  isUp: boolean;
}

export const fleets = ['lb', 'edge'] as const;
const nodeFleets = ['lb', 'lb', 'edge'] as const;
const podCount = 8;
/** So long that most of the time a request is under way to each node. */
const answerMs = 25;

/** Everything of Flotilla as processes, on loopback: two watchers, two renderers, three nodes of two fleets. */
export interface World {
  readonly cluster: Cluster;
  readonly store: EtcdClient;
  readonly servers: { readonly redis: Server; readonly etcd: Server };
  readonly watchers: Part[];
  readonly renderers: Part[];
  readonly nodes: Node[];
  readonly pods: PodServer[];
  readonly podPort: number;
  readonly certificates: CertificatePair[];
  readonly env: Record<string, string>;
  parts(): Part[];
  stop(): Promise<void>;
}

export const initialEntry = (app: string, port: number, more: Partial<Entry> = {}): Entry => ({
  namespace: 'default',
  selector: { app },
  port,
  balance: 'roundrobin',
  weight: 10,
  check: false,
  ...more,
});

export async function startWorld(): Promise<World> {
  const folder = temporaryFolder('chaos', { inMemory: true });
  const podPort = await freePort();
  const pods = await Promise.all(
    Array.from({ length: podCount }, (_, at) =>
      startPodServer({ name: `pod-${at}`, port: podPort, delayMs: answerMs }),
    ),
  );
  const certificates = await Promise.all(
    Array.from({ length: 6 }, (_, at) => certificate({ cn: hostOf('shop'), san: [`v${at}.example.com`, hostOf('*')] })),
  );
  const [etcdFolder, redisFolder] = [
    temporaryFolder('etcd', { inMemory: true }),
    temporaryFolder('redis', { inMemory: true }),
  ];
  const [etcd, redis] = await Promise.all([
    startEtcd({ dir: etcdFolder.path }),
    startRedis({ dir: redisFolder.path, persist: true }),
  ]);
  const store = new EtcdClient(etcd.url);
  const serverAt = (ip: string): string | undefined => pods.find(({ host }) => host === ip)?.name;
  const isGoodPair = (pair: CertificatePair): boolean =>
    certificates.some(({ cert, key }) => cert === pair.cert && key === pair.key);
  const cluster = new Cluster(store, { fleets: {}, pods: {} }, serverAt, isGoodPair);
  await cluster.change((content) => Object.assign(content, firstContent(pods, podPort, certificates)));
  cluster.settled();

  const env = {
    FLOTILLA_KEY: randomBytes(32).toString('base64'),
    FLOTILLA_FLEETS: fleets.join(),
    FLOTILLA_LEASE_MS: '2000',
    FLOTILLA_REDIS_TIMEOUT_MS: '4000',
    FLOTILLA_RELOAD_INTERVAL_MS: '500',
    // As often as there is something to compare.
    FLOTILLA_RENDER_COMPARE_MS: '1000',
    FLOTILLA_HAPROXY_ON_EXIT: 'leave',
  };
  const part = async (kind: AppName, name: string, more: Record<string, string> = {}): Promise<Part> => {
    const links = {
      redis: await tcpProxy(redis.port),
      ...(kind === 'watcher' && { etcd: await tcpProxy(Number(new URL(etcd.url).port)) }),
    };
    const dataDir = join(folder.path, name);
    const start = (): Promise<App> =>
      startApp(kind, {
        ...env,
        REDIS_URL: `redis://127.0.0.1:${links.redis.port}`,
        ...(links.etcd && { ETCD2BASE: `http://127.0.0.1:${links.etcd.port}` }),
        FLOTILLA_DATA_DIR: dataDir,
        ...more,
      });
    const made: Part = {
      name,
      kind,
      links,
      dataDir,
      app: await start(),
      isUp: true,
      start: async () => {
        made.app = await start();
        made.isUp = true;
      },
    };
    return made;
  };
  const node = async (fleet: string, at: number): Promise<Node> => {
    const [httpPort, httpsPort, name] = [await freePort(), await freePort(), `node-${at + 1}`];
    const binds = { HTTP_BIND: `127.0.0.1:${httpPort}`, HTTPS_BIND: `127.0.0.1:${httpsPort}` };
    const made = await part('agent', name, { FLOTILLA_NODE: name, FLOTILLA_FLEET: fleet, ...binds });
    return Object.assign(made, { fleet, httpPort, httpsPort });
  };
  const [watchers, renderers, nodes] = await Promise.all([
    Promise.all([1, 2].map((at) => part('watcher', `watcher-${at}`))),
    Promise.all([1, 2].map((at) => part('renderer', `renderer-${at}`))),
    Promise.all(nodeFleets.map(node)),
  ]);
  const parts = (): Part[] => [...watchers, ...renderers, ...nodes];
  const server = (name: Server['name'], { path }: TemporaryFolder, process: Server['process']): Server => ({
    name,
    folder: path,
    copiesIn: join(folder.path, `copies-${name}`),
    copies: [],
    process,
    isUp: true,
  });
  return {
    cluster,
    store,
    servers: { redis: server('redis', redisFolder, redis), etcd: server('etcd', etcdFolder, etcd) },
    watchers,
    renderers,
    nodes,
    pods,
    podPort,
    certificates,
    env: { ...env, REDIS_URL: redis.url },
    parts,
    stop: async () => {
      for (const { app } of parts()) await app.kill('SIGKILL');
      for (const { dataDir } of nodes) signalAll(haproxyOf(dataDir), 'SIGKILL');
      for (const { links } of parts()) {
        await links.redis.stop();
        await links.etcd?.stop();
      }
      await store.close();
      await Promise.all([redis.stop(), etcd.stop(), ...pods.map((pod) => pod.stop())]);
      for (const each of [redisFolder, etcdFolder, folder]) each.remove();
    },
  };
}

export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended between the two.
    }
  }
}

/** Copies a server's data as it is now. The server stands still meanwhile, so the copy is what a crash would leave. */
export async function keepCopy(server: Server, content: Content): Promise<void> {
  if (!server.isUp) return;
  const folder = join(server.copiesIn, String(copies++));
  await server.process.kill('SIGSTOP');
  try {
    cpSync(server.folder, folder, { recursive: true });
  } finally {
    await server.process.kill('SIGCONT');
  }
  server.copies.push({ folder, content: structuredClone(content) });
  for (const { folder: old } of server.copies.splice(0, server.copies.length - 3)) rmSync(old, { recursive: true });
}
let copies = 0;

/** Puts a server back to a copy of its data, and starts it. Returns what etcd held then. */
export async function setBack(server: Server, which: number): Promise<Content | undefined> {
  const copy = server.copies[which % Math.max(1, server.copies.length)];
  if (!copy) return undefined;
  await server.process.kill('SIGKILL');
  rmSync(server.folder, { recursive: true });
  cpSync(copy.folder, server.folder, { recursive: true });
  await server.process.restart();
  server.isUp = true;
  return copy.content;
}

function firstContent(pods: readonly PodServer[], port: number, certificates: readonly CertificatePair[]): Content {
  const pair = (at: number): CertificatePair => certificates[at] as CertificatePair;
  const fleet = (round: number, names: readonly string[]): Content['fleets'][string] => ({
    round,
    services: Object.fromEntries(names.map((name) => [name, initialEntry(name, port)])),
    certificates: { one: pair(0), two: pair(1) },
    deleted: [],
  });
  return {
    fleets: { lb: fleet(2_000, ['cart', 'shop']), edge: fleet(2_000, ['shop']) },
    pods: Object.fromEntries(
      pods.slice(0, 5).map(({ name, host }, at) => [name, { app: at % 2 ? 'cart' : 'shop', ip: host, ready: true }]),
    ),
  };
}
