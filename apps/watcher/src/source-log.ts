import type { Logger } from '@flotilla/runtime';
import type { Etcd2Event } from '@flotilla/source';

/** One line for each event of the source, as loud as it deserves. */
export function tellEtcd2Event(log: Logger, { kind, ...about }: Etcd2Event): void {
  switch (kind) {
    case 'connected':
      log.info(about, 'etcd answers');
      break;
    case 'synced':
      log.info(about, 'the state of the store was read');
      break;
    case 'filled':
      log.debug(about, 'a gap was filled from the history of etcd');
      break;
    case 'interrupted':
      log.info(about, 'a stream of etcd ended; opening it again');
      break;
    case 'resync':
      log.warn(about, 'listed again');
      break;
    case 'lost':
      log.warn(about, 'etcd cannot be followed; the last state stays');
      break;
    case 'diverged':
      log.warn(about, 'another store answers; listing everything again');
      break;
  }
}
