import { type Instance, isInstance } from './app-report.ts';
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
  /** The process that says so. */
  readonly instance: Instance;
  /** Another process that reports under the same name; null while there is none. */
  readonly rival: Instance | null;
  /** Since when it does not run the newest version it knows of, ISO 8601, and what it waits for; null when it does. */
  readonly behind: { readonly since: string; readonly why: string | null } | null;
  /** How far its clock is ahead of Redis', in ms; null while that is not known. */
  readonly clockMs: number | null;
  /** By the node's clock, ISO 8601. */
  readonly at: string;
}

/** A status as it was received. */
export interface ReceivedStatus extends NodeStatus {
  /** By Redis' clock, in ms since 1970. */
  readonly seenAt: number;
}

/** A node's status as it stands in Redis; undefined for anything else, such as what another release wrote. */
export function parseNodeStatus(text: string): ReceivedStatus | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  const { node, at, desired, applied, lastGood, parked, haproxy, problem } = parsed.value;
  const { instance, rival, behind, clockMs, seenAt } = parsed.value;
  const isWell =
    typeof node === 'string' &&
    isTime(at) &&
    [desired, applied, lastGood].every((each) => each === null || isIdentity(each)) &&
    (parked === null || (isObject(parked) && isIdentity(parked['artifact']) && typeof parked['reason'] === 'string')) &&
    isObject(haproxy) &&
    isNullOr('string', haproxy['version']) &&
    isNullOr('number', haproxy['pid']) &&
    typeof haproxy['oldWorkers'] === 'number' &&
    isNullOr('string', problem) &&
    isInstance(instance) &&
    (rival === null || isInstance(rival)) &&
    (behind === null || (isObject(behind) && isTime(behind['since']) && isNullOr('string', behind['why']))) &&
    isNullOr('number', clockMs) &&
    typeof seenAt === 'number';
  return isWell ? (parsed.value as unknown as ReceivedStatus) : undefined;
}

const waysToApply: readonly unknown[] = [
  'none',
  'runtime',
  'reload',
  'command',
  'start',
] satisfies ApplyMethod['kind'][];

/** An answer as it stands in Redis; undefined for anything else, such as what another release wrote. */
export function parseAnswer(text: string): Answer | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  const { kind, node, artifact, at, stepsMs, how, reason } = parsed.value;
  const isWell =
    typeof node === 'string' &&
    isIdentity(artifact) &&
    isTime(at) &&
    isObject(stepsMs) &&
    Object.values(stepsMs).every((ms) => typeof ms === 'number') &&
    (kind === 'ack'
      ? isObject(how) && waysToApply.includes(how['kind'])
      : kind === 'nack' && typeof reason === 'string');
  return isWell ? (parsed.value as unknown as Answer) : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isNullOr = (type: 'string' | 'number', value: unknown): boolean => value === null || typeof value === type;

const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));

const isIdentity = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['epoch'] === 'string' &&
  typeof value['digest'] === 'string' &&
  typeof value['version'] === 'number';
