import type { FleetName, SourceEvent } from '@flotilla/domain';
import type { Metrics } from '@flotilla/runtime';
import type { Written } from './fleet-writing.ts';

/** What `/metrics` tells of the watcher. */
export interface WatcherMetrics {
  event(event: SourceEvent): void;
  written(fleet: FleetName, written: Written, lagMs: number): void;
  /** The problems that are set aside now. */
  problems(fleet: FleetName, count: number): void;
  leading(isLeading: boolean): void;
  revived(fleet: FleetName): void;
  failed(fleet: FleetName): void;
  /** Asked when metrics are read. */
  source(status: { synced: boolean; index: number; resyncs: number }): void;
}

export function createWatcherMetrics(metrics: Metrics): WatcherMetrics {
  const changes = metrics.counter('source_changes_total', 'Changes and listed objects that came from the store');
  const states = metrics.counter('source_states_total', 'Full states that came from the store');
  const index = metrics.gauge('source_index', "The store's index that was seen last");
  const synced = metrics.gauge('source_synced', '1 while the store is followed without a gap');
  const resyncs = metrics.gauge('source_resyncs', 'Listings after the first');
  const writes = metrics.counter('inputs_writes_total', 'Revisions written', ['fleet']);
  const fields = metrics.counter('inputs_fields_total', 'Fields written', ['fleet']);
  const failures = metrics.counter('inputs_write_failures_total', 'Writes that Redis did not answer', ['fleet']);
  const revision = metrics.gauge('inputs_revision', 'The newest revision', ['fleet']);
  const writeSeconds = metrics.histogram('inputs_write_seconds', 'From the call to its answer', ['fleet']);
  const lag = metrics.histogram('inputs_lag_seconds', 'From a change in the watcher to its revision in Redis', [
    'fleet',
  ]);
  const problems = metrics.gauge('watcher_problems', 'Entries that are set aside', ['fleet']);
  const leader = metrics.gauge('watcher_leader', '1 while this watcher leads');
  const revived = metrics.counter('watcher_revived_jobs_total', 'Jobs that reconciling added again', ['fleet']);
  return {
    event(event) {
      if (event.kind === 'state') states.inc();
      changes.inc(event.kind === 'state' ? event.objects.length : event.changes.length);
    },
    written(fleet, { position, fields: count, tookMs }, lagMs) {
      writes.inc({ fleet });
      fields.inc({ fleet }, count);
      revision.set({ fleet }, position.revision);
      writeSeconds.observe({ fleet }, tookMs / 1_000);
      lag.observe({ fleet }, lagMs / 1_000);
    },
    problems(fleet, count) {
      problems.set({ fleet }, count);
    },
    leading(isLeading) {
      leader.set(isLeading ? 1 : 0);
    },
    revived(fleet) {
      revived.inc({ fleet });
    },
    failed(fleet) {
      failures.inc({ fleet });
    },
    source(status) {
      synced.set(status.synced ? 1 : 0);
      index.set(status.index);
      resyncs.set(status.resyncs);
    },
  };
}
