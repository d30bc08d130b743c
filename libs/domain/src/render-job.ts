import type { Digest, Epoch, FleetName, Revision, Version } from './brands.ts';
import type { Provenance } from './inputs.ts';

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
