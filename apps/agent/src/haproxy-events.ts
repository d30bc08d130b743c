import type { Logger } from '@flotilla/runtime';
import type { AgentMetrics } from './agent-metrics.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { HaproxyPort } from './haproxy/port.ts';

/** Tells the delivery when HAProxy comes or goes by itself, and when an operator asks for a reload (SIGHUP). */
export function followEvents(
  haproxy: HaproxyPort,
  delivery: Delivery,
  { log, metrics, signal }: { log: Logger; metrics: AgentMetrics; signal: AbortSignal },
): void {
  /** Why it did not start the last time: the same again is no news. */
  let downFor: string | undefined;
  haproxy.onEvent((event) => {
    switch (event.kind) {
      case 'died':
        metrics.died();
        log.error({ words: event.words }, 'HAProxy died; it is started again');
        break;
      case 'back':
        log.info('HAProxy is back');
        downFor = undefined;
        break;
      case 'still-down':
        log[event.words === downFor ? 'debug' : 'error'](
          { words: event.words },
          'HAProxy does not start; trying again',
        );
        downFor = event.words;
    }
    delivery.lookNow();
  });
  const reload = () => {
    log.info('SIGHUP: HAProxy reads its files again');
    delivery.reloadNow('SIGHUP');
  };
  process.on('SIGHUP', reload);
  signal.addEventListener('abort', () => process.off('SIGHUP', reload), { once: true });
}
