import type { Answer, ApplyMethod, ArtifactIdentity } from '@flotilla/domain';
import type { PendingRemovals } from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';
import type { HaproxyPort } from '../haproxy/port.ts';
import type { AgentMetrics } from '../agent-metrics.ts';
import type { ReleaseStore } from '../store/release-store.ts';
import { identityOf } from '../store/state-file.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { ReloadBudget } from './reload-budget.ts';
import type { Standing } from './standing.ts';
import type { StepClock } from './step-clock.ts';

/** What every step of a delivery works with. */
export interface Context {
  readonly node: string;
  readonly store: ReleaseStore;
  readonly haproxy: HaproxyPort;
  readonly standing: Standing;
  readonly removals: PendingRemovals;
  readonly budget: ReloadBudget;
  readonly log: Logger;
  readonly metrics: AgentMetrics;
  readonly settings: DeliverySettings;
  /** The node's answer to a version; it must not wait for Redis. */
  readonly answer: (answer: Answer) => void;
  readonly signal: AbortSignal;
}

export interface DeliverySettings {
  /** For `haproxy -c`; undefined where there is no HAProxy beside the agent (mode `command`). */
  readonly binary: string | undefined;
  /** HAProxy's version as its binary tells it; what runs is asked itself. */
  readonly version: string;
  readonly statsSocket: string;
  readonly checkTimeoutMs: number;
  /** A reload is put off while there are this many old workers. */
  readonly maxOldWorkers: number;
}

/** Remembers over a restart of the agent where it stands. */
export function saveState({ store, standing }: Context): void {
  const { live, good, parked, proven } = standing;
  store.writeState({ applied: live?.manifest ?? null, lastGood: good, parked, worker: proven });
}

/** Acks a version: HAProxy was proven to run it. */
export function ack(context: Context, { manifest }: PlacedRelease, how: ApplyMethod, clock: StepClock): void {
  const { log, metrics } = context;
  const stepsMs = clock.stepsMs();
  context.answer({ kind: 'ack', how, ...answerTo(context, manifest), stepsMs });
  metrics.acked(manifest, how, stepsMs);
  log.info({ version: manifest.version, digest: manifest.digest, how, stepsMs }, `version ${manifest.version} is live`);
}

/** Nacks a version. The reason must be free of secrets. */
export function nack(context: Context, artifact: ArtifactIdentity, reason: string, clock: StepClock): void {
  const { log, metrics } = context;
  const stepsMs = clock.stepsMs();
  context.answer({ kind: 'nack', reason, ...answerTo(context, artifact), stepsMs });
  metrics.nacked();
  const { version, digest } = artifact;
  log.error({ version, digest, reason, stepsMs }, `version ${version} is refused`);
}

const answerTo = ({ node }: Context, artifact: ArtifactIdentity) => ({
  node,
  artifact: identityOf(artifact),
  at: new Date().toISOString(),
});
