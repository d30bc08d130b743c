import { type Answer, type ArtifactIdentity, identityOf } from '@flotilla/domain';
import type { PendingRemovals } from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';
import type { HaproxyPort } from '../haproxy/port.ts';
import type { AgentMetrics } from '../agent-metrics.ts';
import type { ReleaseStore } from '../store/release-store.ts';
import type { ReloadBudget } from './reload-budget.ts';
import type { Effect, Event } from './events.ts';
import { move } from './machine.ts';
import { type State, initialState } from './state.ts';

/** What every step of a delivery works with. */
export interface Context extends Parts {
  /** Where the node stands now. */
  readonly state: State;
  /** Something happened: the node moves, and what follows from that is carried out. Throws when it cannot be. */
  move(event: Event): void;
}

export interface Parts {
  readonly node: string;
  readonly store: ReleaseStore;
  readonly haproxy: HaproxyPort;
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
  /** It is made all the same after so long. */
  readonly longestPutOffMs: number;
}

export function createContext(parts: Parts): Context {
  let state = initialState;
  return {
    ...parts,
    get state() {
      return state;
    },
    move(event) {
      const moved = move(state, event);
      for (const effect of moved.before ?? []) carryOut(parts, effect);
      state = moved.state;
      carryOutAll(parts, moved.after ?? []);
    },
  };
}

/** Each of them, whatever becomes of the others. */
function carryOutAll(parts: Parts, [first, ...rest]: readonly Effect[]): void {
  if (!first) return;
  try {
    carryOut(parts, first);
  } finally {
    carryOutAll(parts, rest);
  }
}

function carryOut(parts: Parts, effect: Effect): void {
  switch (effect.kind) {
    case 'save':
      parts.store.writeState(effect.state);
      return;
    case 'switch':
      if (effect.to) parts.store.switchTo(effect.to);
      else parts.store.switchToNothing();
      return;
    case 'ack':
      ack(parts, effect);
      return;
    case 'nack':
      nack(parts, effect);
  }
}

/** Acks a version: HAProxy was proven to run it. Of the pods of a refused one nobody is told an answer. */
function ack(parts: Parts, { placed: { manifest, podsOf }, how, clock }: Extract<Effect, { kind: 'ack' }>): void {
  const { log, metrics } = parts;
  const stepsMs = clock.stepsMs();
  if (podsOf) {
    const onto = manifest.version;
    log.info({ version: podsOf.version, onto, how, stepsMs }, `the pods of version ${podsOf.version} are live`);
    return;
  }
  parts.answer({ kind: 'ack', how, ...answerTo(parts, manifest), stepsMs });
  metrics.acked(manifest, how, stepsMs);
  log.info({ version: manifest.version, digest: manifest.digest, how, stepsMs }, `version ${manifest.version} is live`);
}

/** Nacks a version. The reason must be free of secrets. */
function nack(parts: Parts, { artifact, reason, clock }: Extract<Effect, { kind: 'nack' }>): void {
  const { log, metrics } = parts;
  const stepsMs = clock.stepsMs();
  parts.answer({ kind: 'nack', reason, ...answerTo(parts, artifact), stepsMs });
  metrics.nacked();
  const { version, digest } = artifact;
  log.error({ version, digest, reason, stepsMs }, `version ${version} is refused`);
}

const answerTo = ({ node }: Parts, artifact: ArtifactIdentity) => ({
  node,
  artifact: identityOf(artifact),
  at: new Date().toISOString(),
});
