import type { FleetName, SourceEvent } from '@flotilla/domain';
import type { FleetProgress } from '@flotilla/inputs';
import type { QueueDepth } from '@flotilla/queue';
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
  /** How far the fleet's artifacts are, and whether it is held; undefined while it has no inputs. */
  progress(fleet: FleetName, progress: FleetProgress | undefined, isHeld: boolean): void;
  queue(depth: QueueDepth): void;
  source(status: { synced: boolean; resyncs: number }): void;
}

export function createWatcherMetrics(metrics: Metrics, fleets: readonly FleetName[]): WatcherMetrics {
  const perFleet = { fleet: fleets };
  const changes = metrics.counter('source_changes_total', 'Changes and listed objects that came from the store');
  const states = metrics.counter('source_states_total', 'Full states that came from the store');
  const synced = metrics.gauge('source_synced', '1 while the store is followed without a gap');
  const resyncs = metrics.counter('source_resyncs_total', 'Listings after the first');
  const writes = metrics.counter('inputs_writes_total', 'Revisions written', perFleet);
  const fields = metrics.counter('inputs_fields_total', 'Fields written', perFleet);
  const failures = metrics.counter('inputs_write_failures_total', 'Writes that Redis did not answer', perFleet);
  const revision = metrics.gauge('inputs_revision', 'The newest revision', ['fleet']);
  const published = metrics.gauge('published_revision', 'The revision that the newest version was made from', [
    'fleet',
  ]);
  const isBehind = metrics.gauge('fleet_behind', '1 while the newest revision is not rendered and checked', ['fleet']);
  const held = metrics.gauge('fleet_held', '1 while the fleet is held', ['fleet']);
  const refused = metrics.gauge('refused_entries', 'Entries that HAProxy refused in the newest render', ['fleet']);
  const jobs = metrics.gauge('queue_jobs', 'Render jobs of all fleets that are not done, by state', ['state']);
  const paused = metrics.gauge('queue_paused', '1 while somebody has paused the queue of render jobs');
  const writeSeconds = metrics.histogram('inputs_write_seconds', 'From the call to its answer', ['fleet']);
  const lag = metrics.histogram('inputs_lag_seconds', 'From a change in the watcher to its revision in Redis', [
    'fleet',
  ]);
  const problems = metrics.gauge('watcher_problems', 'Entries that are set aside', ['fleet']);
  const leader = metrics.gauge('watcher_leader', '1 while this watcher leads');
  const revived = metrics.counter('watcher_revived_jobs_total', 'Jobs that reconciling added again', perFleet);
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
    progress(fleet, progress, isHeld) {
      held.set({ fleet }, isHeld ? 1 : 0);
      isBehind.set({ fleet }, progress && !progress.isRendered ? 1 : 0);
      if (progress) revision.set({ fleet }, progress.revision);
      refused.set({ fleet }, progress?.refused.length ?? 0);
      published.set({ fleet }, progress?.renderedRevision ?? 0);
    },
    queue({ waiting, active, delayed, isPaused }) {
      jobs.set({ state: 'waiting' }, waiting);
      jobs.set({ state: 'active' }, active);
      jobs.set({ state: 'delayed' }, delayed);
      paused.set(isPaused ? 1 : 0);
    },
    failed(fleet) {
      failures.inc({ fleet });
    },
    source(status) {
      synced.set(status.synced ? 1 : 0);
      resyncs.reset();
      resyncs.inc(status.resyncs);
    },
  };
}
