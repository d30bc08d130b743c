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

export const maxListedChanges = 20;
