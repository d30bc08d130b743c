import { type Check, type Launch, connectRedis, newInstance, reportApp, sealingKey } from '@flotilla/runtime';
import { createEtcd2Source } from '@flotilla/source';
import { type WatcherConfig, etcd2Options } from './config.ts';
import { tellEtcd2Event } from './source-log.ts';
import { watch } from './watch.ts';
import { createWatcherMetrics } from './watcher-metrics.ts';

/** A script that takes this long means a connection that is dead or a Redis that is frozen. */
const commandTimeoutMs = 10_000;

/** Constructs a watcher: the source, its connections to Redis, and what runs between them. */
export function launch(context: Launch<WatcherConfig>): Promise<Readonly<Record<string, Check>>> {
  const { config, log, metrics, releases, fail } = context;
  const masterKey = sealingKey(config);
  const source = createEtcd2Source({ ...etcd2Options(config), onEvent: (event) => tellEtcd2Event(log, event) });
  const socketTimeoutMs = config.FLOTILLA_REDIS_TIMEOUT_MS;
  const connect = (name: string, limits: { commandTimeoutMs?: number } = {}) =>
    releases.add(
      connectRedis(config.REDIS_URL, { name, log, socketTimeoutMs, ...limits }),
      `Redis (${name})`,
      (open) => {
        open.disconnect();
      },
    );
  const redis = connect('watcher', { commandTimeoutMs });
  const electionRedis = connect('watcher-election');
  const instance = newInstance();
  const { checks, fleetTrouble } = watch({
    source,
    fleets: config.FLOTILLA_FLEETS,
    masterKey,
    redis,
    electionRedis,
    metrics: createWatcherMetrics(metrics, config.FLOTILLA_FLEETS),
    log,
    releases,
    fail,
    leaseMs: config.FLOTILLA_LEASE_MS,
    graceMs: config.FLOTILLA_GRACE_MS,
    instance: instance.id,
  });
  const fleets = config.FLOTILLA_FLEETS;
  const report = reportApp({ redis, app: 'watcher', instance, fleets, checks, fleetTrouble, log });
  releases.add(report, 'report', (open) => open.close());
  /** Whoever leads has to write every fleet. */
  const inputs: Check = () => {
    const late = Object.entries(fleetTrouble()).map(([fleet, why]) => `${fleet}: ${why}`);
    return late.length === 0 ? undefined : late.join('; ');
  };
  return Promise.resolve({ ...checks, inputs });
}
