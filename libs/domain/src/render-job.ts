import { z } from 'zod';
import type { Digest, Epoch, FleetName, Revision, Version } from './brands.ts';
import { type Provenance, provenanceSchema } from './inputs.ts';
import { digestSchema, epochSchema, fleetSchema, revisionSchema, versionSchema } from './schema.ts';

/** A job's data: a signal that a fleet's inputs moved. It carries nothing to render from. */
export interface RenderSignal {
  readonly fleet: FleetName;
  /** The revision that caused the signal; the renderer reads the newest one itself. */
  readonly revision: Revision;
}

/** What a finished job leaves in the history. */
export interface RenderResult {
  readonly kind: 'published' | 'unchanged' | 'superseded';
  readonly fleet: FleetName;
  readonly epoch: Epoch;
  readonly revision: Revision;
  readonly version: Version | null;
  readonly digest: Digest | null;
  /** What changed since the render before: newest first, at most `maxListedChanges`. */
  readonly changes: readonly Provenance[];
  readonly changeCount: number;
  /** Entries set aside, in words. */
  readonly problems: readonly string[];
  /** Milliseconds of each stage, e.g. read, render, bundle, check, publish. */
  readonly stagesMs: Readonly<Record<string, number>>;
}

/** What an attempt that failed leaves in the history, as the job's progress. */
export interface RenderSetback {
  /** The inputs it was about; null when they could not be read. */
  readonly revision: Revision | null;
  /** The stage that failed, and the kind of failure. */
  readonly stage: string;
  readonly code: string;
  /** What changed since the last render that came to an end: newest first, at most `maxListedChanges`. */
  readonly changes: readonly Provenance[];
  readonly changeCount: number;
  /** Whose attempt it was, where nobody was left to say so. */
  readonly renderer?: string;
  /** When the fleet's renders began to fail, in ms since 1970. */
  readonly since: number;
}

export const maxListedChanges = 20;

/** What a job must be to be rendered: a queue is written to by whoever can write to Redis. */
export const signalSchema = z.object({ fleet: fleetSchema, revision: revisionSchema });

const caused = { changes: z.array(provenanceSchema), changeCount: z.number() };

export const resultSchema = z.object({
  kind: z.enum(['published', 'unchanged', 'superseded']),
  fleet: fleetSchema,
  epoch: epochSchema,
  revision: revisionSchema,
  version: versionSchema.nullable(),
  digest: digestSchema.nullable(),
  ...caused,
  problems: z.array(z.string()),
  stagesMs: z.record(z.string(), z.number()),
});

export const setbackSchema = z.object({
  revision: revisionSchema.nullable(),
  stage: z.string(),
  code: z.string(),
  ...caused,
  renderer: z.exactOptional(z.string()),
  since: z.number(),
});
