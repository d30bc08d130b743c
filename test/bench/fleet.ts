import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import {
  type EtcdClient,
  type Pod,
  type Stack,
  configMap,
  pod,
  registryKey,
  repositoryRoot,
  servicesConfigMap,
  startStack,
  waitFor,
} from '@flotilla/testkit';
import { fleetKeys, fleetName } from '@flotilla/domain';
import { createNodeReports } from '@flotilla/runtime';
import { Redis } from 'ioredis';

/** A cluster's size: how many services, and how many pods each has. */
export interface Size {
  readonly services: number;
  readonly pods: number;
}

export const sizes: Readonly<Record<string, Size>> = {
  small: { services: 10, pods: 3 },
  medium: { services: 300, pods: 10 },
  large: { services: 1_000, pods: 20 },
};

/** The service whose pods really answer; the others' addresses are loopback ones that nobody asks. */
export const probed = 'service-0';

export const probedAddress = (at: number): string => `127.200.0.${at + 1}`;
const idleAddress = (service: number, at: number): string => `127.${100 + (service >> 8)}.${service & 255}.${at + 1}`;

export const putPod = (store: EtcdClient, object: Pod): Promise<unknown> =>
  store.put(registryKey('pods', 'default', object.metadata.name), object);

export const benchPod = (name: string, app: string, ip: string): Pod =>
  pod({ name, ip, labels: { app }, realistic: true });

/** Runs the tasks, so many at a time. */
export async function inParallel<Item>(
  items: readonly Item[],
  width: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  const rest = [...items];
  const worker = async (): Promise<void> => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** A fleet of one node at a size, started and converged. */
export interface BenchFleet {
  readonly stack: Stack;
  readonly redis: Redis;
  /** The numbers of `meta`: where inputs, artifact and node stand. */
  meta(): Promise<{ revision: number; artifactRevision: number; digest: string; version: number }>;
  /** Waits until the node runs what came of the newest inputs. */
  settled(deadlineMs?: number): Promise<void>;
  /** Waits until it is settled and everything that comes after an update has been done too, above all the checks. */
  atRest(): Promise<void>;
  stop(): Promise<void>;
}

const keys = fleetKeys(fleetName('lb'));
/** A node flushes to its disk this long after a version, or a little more. */
const flushMs = 300;

export async function startFleet({ services, pods }: Size, podPort: number): Promise<BenchFleet> {
  const names = Array.from({ length: services }, (_, at) => `service-${at}`);
  const stack = await startStack({}, async (store) => {
    const objects = names.flatMap((name, service) =>
      Array.from({ length: pods }, (_, at) =>
        benchPod(`${name}-${at}`, name, service === 0 ? probedAddress(at) : idleAddress(service, at)),
      ),
    );
    await inParallel(objects, 32, (object) => putPod(store, object));
    const entries = names.map((name) => [
      name,
      { namespace: 'default', selector: { app: name }, hostnames: [`${name}.example.com`], ports: [podPort] },
    ]);
    const template = readFileSync(join(repositoryRoot(), 'test/bench/template.j2'), 'utf8');
    await store.put(
      registryKey('configmaps', 'lb', 'services'),
      servicesConfigMap({ services: Object.fromEntries(entries) as Record<string, object> }),
    );
    await store.put(
      registryKey('configmaps', 'lb', 'config'),
      configMap({ namespace: 'lb', name: 'config', data: { template } }),
    );
  });
  const redis = new Redis(stack.redis.url);

  const meta: BenchFleet['meta'] = async () => {
    const fields = await redis.hgetall(keys.meta);
    const number = (name: string): number => Number(fields[name] ?? 0);
    return {
      revision: number('revision'),
      artifactRevision: number('artifactRevision'),
      digest: fields['digest'] ?? '',
      version: number('version'),
    };
  };
  const settled = async (deadlineMs = 60_000): Promise<void> => {
    await waitFor(
      async () => {
        const now = await meta();
        if (now.revision === 0 || now.artifactRevision !== now.revision) return false;
        const [newest] = await redis.xrevrange(keys.acks, '+', '-', 'COUNT', 1);
        const answer =
          newest &&
          (JSON.parse(newest[1][newest[1].indexOf('answer') + 1] ?? '{}') as { artifact?: { digest: string } });
        return answer !== undefined && answer.artifact?.digest === now.digest;
      },
      { what: 'the node to run the newest version', deadlineMs, everyMs: 10 },
    );
  };
  const reports = createNodeReports({ redis, fleet: fleetName('lb') });
  const atRest = async (): Promise<void> => {
    await settled();
    await waitFor(
      async () => {
        const [checked, { version, digest }, [node]] = await Promise.all([
          redis.hget(keys.meta, 'checkedVersion'),
          meta(),
          reports.nodes(),
        ]);
        return Number(checked) === version && node?.lastGood?.digest === digest;
      },
      { what: 'the checks behind the newest version', deadlineMs: 60_000, everyMs: 50 },
    );
    await setTimeout(flushMs);
  };
  await settled().catch((error: unknown) => {
    throw new Error(`${String(error)}\n${lastWords(stack)}`, { cause: error });
  });
  return {
    stack,
    redis,
    meta,
    settled,
    atRest,
    stop: async () => {
      redis.disconnect();
      await stack.stop();
    },
  };
}

/** What the apps logged last, for a fleet that does not come up. */
function lastWords({ watcher, renderers, nodes }: Stack): string {
  const apps = [watcher, ...renderers, ...nodes.map(({ agent }) => agent)];
  return apps.flatMap(({ log }) => log.slice(-5).map((line) => JSON.stringify(line))).join('\n');
}

/** Resident memory in MB, of a process and of those it started. */
export function residentMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.reduce((sum, child) => sum + residentMb(Number(child)), Math.round(Number(kb) / 1024));
}
