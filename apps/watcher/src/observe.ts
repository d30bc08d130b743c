import { type FleetName, reasonOf } from '@flotilla/domain';
import { readHold, readProgress } from '@flotilla/inputs';
import type { Signals } from '@flotilla/queue';
import { type Logger, type connectRedis, pause } from '@flotilla/runtime';
import type { WatcherMetrics } from './watcher-metrics.ts';

const everyMs = 2_000;

/**
 * Looks at what became of the inputs, for `/metrics`, until the signal is aborted. Watchers that stand by do it as well:
 * what they tell must not be what was true when they led last.
 */
export async function observe(
  fleets: readonly FleetName[],
  options: {
    redis: ReturnType<typeof connectRedis>;
    signals: Pick<Signals, 'depth'>;
    metrics: WatcherMetrics;
    log: Logger;
    signal: AbortSignal;
  },
): Promise<void> {
  const { redis, signals, metrics, log, signal } = options;
  while (!signal.aborted) {
    try {
      for (const fleet of fleets) {
        const [progress, hold] = await Promise.all([readProgress(redis, fleet), readHold(redis, fleet)]);
        metrics.progress(fleet, progress, hold !== undefined);
      }
      metrics.queue(await signals.depth());
    } catch (error) {
      log.debug({ reason: reasonOf(error) }, 'observing waits for Redis');
    }
    await pause(everyMs, signal);
  }
}
