import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { Cluster, type FleetName, type Source, createSealer, fleetName, sourcePosition } from '@flotilla/domain';
import { createInputsReader } from '@flotilla/inputs';
import { ReleaseStack, createLogger, createMetrics } from '@flotilla/runtime';
import { type Watch, type WatchOptions, watch } from '../src/watch.ts';
import { createWatcherMetrics } from '../src/watcher-metrics.ts';
import type { ListedStore } from './listed-source.ts';

export const lb = fleetName('lb');
export const masterKey = randomBytes(32);

/** A watcher in this process, on connections of its own. */
export interface Watching {
  readonly checks: Watch['checks'];
  /** What it cannot do for a fleet. */
  readonly trouble: (fleet?: FleetName) => string | undefined;
  metric(name: string): Promise<number>;
  /** Ends it as SIGTERM does. */
  stop(): Promise<void>;
  /** Cuts it off in the middle of whatever it does: nothing more of it reaches Redis. */
  kill(): void;
}

export function startWatching(url: string, source: Source, given: Partial<WatchOptions> = {}): Watching {
  const releases = new ReleaseStack();
  const metrics = createMetrics();
  const connections: Redis[] = [];
  const connect = () => {
    const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 30, commandTimeout: 5_000 });
    redis.on('error', () => undefined);
    connections.push(redis);
    return releases.add(redis, 'redis', () => {
      redis.disconnect();
    });
  };
  const [redis, electionRedis] = [connect(), connect()];
  let failure: unknown;
  const { checks, fleetTrouble } = watch({
    source,
    fleets: [lb],
    masterKey,
    redis,
    electionRedis,
    metrics: createWatcherMetrics(metrics, [lb]),
    log: createLogger({ app: 'watcher', level: process.env['TEST_LOG'] ?? 'silent' }),
    releases,
    fail: (error) => {
      failure = error;
    },
    leaseMs: 500,
    graceMs: 3_600_000,
    reconcileEveryMs: 200,
    ...given,
  });
  const cutOff = () => {
    for (const each of connections) each.disconnect();
  };
  return {
    checks,
    trouble: (fleet = lb) => fleetTrouble()[fleet],
    metric: async (name) => {
      const [line] = (await metrics.registry.getSingleMetricAsString(`flotilla_${name}`)).split('\n').slice(2);
      return Number(line?.split(' ').at(-1));
    },
    kill: () => {
      cutOff();
      void releases.close();
    },
    stop: async () => {
      await releases.close();
      if (failure) throw failure;
    },
  };
}

/** What the fields of a fleet should be, by the domain's rules, for everything that is in the store now. */
export function expectedFields(store: ListedStore, fleet: FleetName = lb): Record<string, string> {
  const cluster = new Cluster([fleet], { comesBefore: () => false });
  cluster.replace(
    Array.from(store.objects, ([path, object]) => ({ path, ...object })),
    sourcePosition('1'),
  );
  return Object.fromEntries(cluster.allFields(fleet));
}

/** Everything that Redis holds of a fleet, as a renderer without a past reads it. */
export async function fieldsIn(redis: Redis, fleet: FleetName = lb): Promise<Record<string, string>> {
  const reader = createInputsReader({ redis, fleet, sealer: createSealer(masterKey, fleet) });
  const { changes } = await reader.read();
  return Object.fromEntries(Array.from(changes, ([field, value]) => [field, value ?? '']));
}
