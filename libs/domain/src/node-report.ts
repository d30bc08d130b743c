import { z } from 'zod';
import { type Instance, instanceSchema } from './app-report.ts';
import type { ArtifactIdentity } from './artifact.ts';
import { identitySchema, parseAs, timeSchema } from './schema.ts';

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

const identity = identitySchema.nullable();

const statusSchema = z.object({
  node: z.string(),
  desired: identity,
  applied: identity,
  lastGood: identity,
  parked: z.object({ artifact: identitySchema, reason: z.string() }).nullable(),
  problem: z.string().nullable(),
  haproxy: z.object({ version: z.string().nullable(), pid: z.number().nullable(), oldWorkers: z.number() }),
  instance: instanceSchema,
  rival: instanceSchema.nullable(),
  behind: z.object({ since: timeSchema, why: z.string().nullable() }).nullable(),
  clockMs: z.number().nullable(),
  at: timeSchema,
  seenAt: z.number(),
});

/** A node's status as it stands in Redis; undefined for anything else, such as what another release wrote. */
export const parseNodeStatus = (text: string): ReceivedStatus | undefined => parseAs(statusSchema, text);

const howSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['none', 'command', 'start']) }),
  z.object({ kind: z.literal('runtime'), operations: z.number() }),
  z.object({ kind: z.literal('reload'), why: z.string() }),
]);

const answered = {
  node: z.string(),
  artifact: identitySchema,
  at: timeSchema,
  stepsMs: z.record(z.string(), z.number()),
};

const answerSchema = z.discriminatedUnion('kind', [
  z.object({ ...answered, kind: z.literal('ack'), how: howSchema }),
  z.object({ ...answered, kind: z.literal('nack'), reason: z.string() }),
]);

/** An answer as it stands in Redis; undefined for anything else, such as what another release wrote. */
export const parseAnswer = (text: string): Answer | undefined => parseAs(answerSchema, text);
