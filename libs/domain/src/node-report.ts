import type { ArtifactIdentity } from './artifact.ts';

/** A node's answer to a version. A nack carries the reason: HAProxy's own words where there are any. */
export type Answer = Ack | Nack;

export interface Ack extends AnswerBase {
  readonly kind: 'ack';
  readonly how: ApplyMethod;
}

export interface Nack extends AnswerBase {
  readonly kind: 'nack';
  readonly reason: string;
}

interface AnswerBase {
  readonly node: string;
  readonly artifact: ArtifactIdentity;
  /** ISO 8601. */
  readonly at: string;
  /** Milliseconds of each step. */
  readonly stepsMs: Readonly<Record<string, number>>;
}

export type ApplyMethod =
  /** HAProxy ran it already. */
  | { readonly kind: 'none' }
  /** Through HAProxy's socket: how many commands. */
  | { readonly kind: 'runtime'; readonly operations: number }
  /** A new worker; `why` names the line that forced it. */
  | { readonly kind: 'reload'; readonly why: string }
  /** The command of mode `command`. */
  | { readonly kind: 'command' }
  /** HAProxy was started with it. */
  | { readonly kind: 'start' };

/** One node's status, renewed with every heartbeat. */
export interface NodeStatus {
  readonly node: string;
  readonly desired: ArtifactIdentity | null;
  readonly applied: ArtifactIdentity | null;
  readonly lastGood: ArtifactIdentity | null;
  /** The version that is parked on this node, and why. */
  readonly parked: { readonly artifact: ArtifactIdentity; readonly reason: string } | null;
  readonly haproxy: { readonly version: string | null; readonly pid: number | null; readonly oldWorkers: number };
  /** Why the node cannot do its work; null when it can. */
  readonly problem: string | null;
  /** ISO 8601. */
  readonly at: string;
}
