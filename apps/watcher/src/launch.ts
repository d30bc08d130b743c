import { type Check, type Launch, connectRedis, sealingKey } from '@flotilla/runtime';
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
  const connect = (name: string, options: { commandTimeoutMs?: number } = {}) =>
    releases.add(connectRedis(config.REDIS_URL, { name, log, ...options }), `Redis (${name})`, (open) => {
      open.disconnect();
    });
  const redis = connect('watcher', { commandTimeoutMs });
  const electionRedis = connect('watcher-election');
  return Promise.resolve(
    watch({
      source,
      fleets: config.FLOTILLA_FLEETS,
      masterKey,
      redis,
      electionRedis,
      history: { completed: config.FLOTILLA_HISTORY_COMPLETED, failed: config.FLOTILLA_HISTORY_FAILED },
      metrics: createWatcherMetrics(metrics, config.FLOTILLA_FLEETS),
      log,
      releases,
      fail,
      leaseMs: config.FLOTILLA_LEASE_MS,
      graceMs: config.FLOTILLA_GRACE_MS,
    }),
  );
}
