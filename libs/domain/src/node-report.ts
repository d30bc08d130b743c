import type { ArtifactIdentity } from './artifact.ts';
import { parseJsonObject } from './json.ts';

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

/** A node's status as it stands in Redis; undefined for anything else, such as what another release wrote. */
export function parseNodeStatus(text: string): NodeStatus | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  const { node, at, desired, applied, lastGood, parked, haproxy, problem } = parsed.value;
  const isWell =
    typeof node === 'string' &&
    typeof at === 'string' &&
    !Number.isNaN(Date.parse(at)) &&
    [desired, applied, lastGood].every((each) => each === null || isIdentity(each)) &&
    (parked === null || (isObject(parked) && isIdentity(parked['artifact']) && typeof parked['reason'] === 'string')) &&
    isObject(haproxy) &&
    isNullOr('string', haproxy['version']) &&
    isNullOr('number', haproxy['pid']) &&
    typeof haproxy['oldWorkers'] === 'number' &&
    isNullOr('string', problem);
  return isWell ? (parsed.value as unknown as NodeStatus) : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNullOr = (type: 'string' | 'number', value: unknown): boolean => value === null || typeof value === type;

const isIdentity = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['epoch'] === 'string' &&
  typeof value['digest'] === 'string' &&
  typeof value['version'] === 'number';
