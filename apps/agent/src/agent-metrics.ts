import type { ApplyMethod, Manifest } from '@flotilla/domain';
import { type Operation, operationKinds } from '@flotilla/haproxy';
import type { Metrics } from '@flotilla/runtime';

const ways = ['none', 'runtime', 'reload', 'command', 'start'] as const satisfies ApplyMethod['kind'][];
const results = ['started', 'adopted', 'reloaded', 'commanded', 'refused', 'unproven'] as const;

/** The agent's metrics; README and dashboards know them by these names. */
export interface AgentMetrics {
  acked(manifest: Manifest, how: ApplyMethod, stepsMs: Readonly<Record<string, number>>): void;
  nacked(): void;
  desired(version: number): void;
  brought(result: (typeof results)[number]): void;
  operations(operations: readonly Operation[]): void;
  drifted(count: number): void;
  mended(files: number): void;
  died(): void;
  running(up: boolean, oldWorkers: number): void;
  waiting(reload: boolean): void;
  parked(isParked: boolean): void;
  leaving(servers: number): void;
  following(well: boolean): void;
}

/** Of a HAProxy that nobody looks at (mode `command`) nothing is told, neither that it is up nor that it is down. */
export function agentMetrics(metrics: Metrics, isLookedAt = true): AgentMetrics {
  const applied = metrics.gauge('agent_applied_version', 'Version that was acked last');
  const wanted = metrics.gauge('agent_desired_version', 'Newest version that was asked for');
  const acks = metrics.counter('agent_acks_total', 'Versions that went live, by how', { how: ways });
  const nacks = metrics.counter('agent_nacks_total', 'Versions that were refused');
  const delay = metrics.histogram('agent_apply_seconds', 'From the publication of a version to its ack');
  const steps = metrics.histogram('agent_step_seconds', 'Time of each step of a delivery', ['step']);
  const reloads = metrics.counter('agent_reloads_total', 'Reloads, starts and takeovers of HAProxy, by result', {
    result: results,
  });
  const updates = metrics.counter('agent_runtime_operations_total', 'Operations through HAProxy’s socket', {
    kind: operationKinds,
  });
  const drift = metrics.counter('agent_drift_total', 'Things that HAProxy ran otherwise than its files say');
  const repairs = metrics.counter('agent_disk_repairs_total', 'Files and links that were changed by hand and mended');
  const deaths = metrics.counter('agent_haproxy_deaths_total', 'Times HAProxy ended without being asked to');
  const up = metrics.gauge('agent_haproxy_up', '1 while HAProxy answers');
  const old = metrics.gauge('agent_old_workers', 'Workers of former configurations that still have connections');
  const pending = metrics.gauge(
    'agent_reload_waiting',
    '1 while a reload is put off: the last one was a moment ago, or old workers have connections',
  );
  const refused = metrics.gauge('agent_parked', '1 while the newest version is refused and not tried again');
  const draining = metrics.gauge('agent_leaving_servers', 'Removed servers whose connections have not ended');
  const follows = metrics.gauge('agent_following', '1 while the newest version of the fleet is known');
  if (!isLookedAt) for (const gauge of [up, old]) gauge.remove();
  return {
    acked(manifest, how, stepsMs) {
      applied.set(manifest.version);
      acks.inc({ how: how.kind });
      delay.observe(Math.max(0, Date.now() - Date.parse(manifest.createdAt)) / 1000);
      for (const [step, ms] of Object.entries(stepsMs)) steps.observe({ step }, ms / 1000);
    },
    nacked: () => {
      nacks.inc();
    },
    desired: (version) => {
      wanted.set(version);
    },
    brought: (result) => {
      reloads.inc({ result });
    },
    operations: (operations) => {
      for (const { kind } of operations) updates.inc({ kind });
    },
    drifted: (count) => {
      drift.inc(count);
    },
    mended: (files) => {
      repairs.inc(files);
    },
    died: () => {
      deaths.inc();
    },
    running: (isUp, oldWorkers) => {
      up.set(isUp ? 1 : 0);
      old.set(oldWorkers);
    },
    waiting: (reload) => {
      pending.set(reload ? 1 : 0);
    },
    parked: (isParked) => {
      refused.set(isParked ? 1 : 0);
    },
    leaving: (servers) => {
      draining.set(servers);
    },
    following: (well) => {
      follows.set(well ? 1 : 0);
    },
  };
}
