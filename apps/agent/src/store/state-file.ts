import { readFile } from 'node:fs/promises';
import { type ArtifactIdentity, identityOf, identitySchema, readJson } from '@flotilla/domain';
import { z } from 'zod';
import { replaceFile } from './durable.ts';

/** What an agent has to know after a restart, besides the releases themselves. */
export interface AgentState {
  /** Ran last, proven. */
  readonly applied: ArtifactIdentity | null;
  /** Ran last and passed every check: what a failure goes back to. */
  readonly lastGood: ArtifactIdentity | null;
  /** Refused here; not tried again until another version was tried. */
  readonly parked: { readonly artifact: ArtifactIdentity; readonly reason: string } | null;
  /** What a reload was refused for: no version that carries it is tried before its pause is over. */
  readonly refusedLines: RefusedLines | null;
  /** The worker that ran `applied`; while it is there, the next agent can take it over without a reload. */
  readonly worker: ProvenWorker | null;
}

/**
 * What HAProxy refused when it was reloaded, which may have cost traffic: a bind that could not be tried before, or a
 * worker that died of it. Later versions that carry the same lines are refused without another try, until a pause is
 * over that grows.
 */
export interface RefusedLines {
  /** Lines that HAProxy names, with their sections; of a refusal that names none, all that are no servers, as a digest. */
  readonly lines: readonly string[] | string;
  readonly reason: string;
  /** Of `performance.now()`. */
  readonly notBefore: number;
  readonly pauseMs: number;
}

export interface ProvenWorker {
  readonly pid: number;
  /** The digest of the release it read at its start; runtime updates brought it on from there. */
  readonly started: string | null;
  /** The digest of the release it was proven to run. */
  readonly runs: string;
}

export const emptyState: AgentState = {
  applied: null,
  lastGood: null,
  parked: null,
  refusedLines: null,
  worker: null,
};

const format = 1;

// One part that is odd leaves the others as they are.
const identity = identitySchema.nullable().catch(null);

const stateSchema = z.object({
  format: z.literal(format),
  applied: identity,
  lastGood: identity,
  parked: z.object({ artifact: identitySchema, reason: z.string() }).nullable().catch(null),
  refusedLines: z
    .object({
      lines: z.union([z.array(z.string()).readonly(), z.string()]),
      reason: z.string(),
      pauseMs: z.number(),
      /** In ms since 1970; the time of `performance.now()` begins anew with each process. */
      until: z.number(),
    })
    .nullable()
    .catch(null),
  worker: z.object({ pid: z.int(), started: z.string().nullable(), runs: z.string() }).nullable().catch(null),
});

type StoredState = z.output<typeof stateSchema>;
type StoredLines = NonNullable<StoredState['refusedLines']>;

/** A file that is missing or cannot be read counts as empty: the releases on disk still tell what ran. */
export async function readState(path: string, onOdd: (reason: string) => void): Promise<AgentState> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch {
    return emptyState;
  }
  const read = readJson(stateSchema, text);
  if (!read.ok) {
    onOdd(read.reason);
    return emptyState;
  }
  const { format: _, refusedLines, ...rest } = read.value;
  return { ...rest, refusedLines: refusedLines && fromStored(refusedLines) };
}

export function writeState(path: string, { applied, lastGood, parked, refusedLines, worker }: AgentState): void {
  const state: StoredState = {
    format,
    applied: applied && identityOf(applied),
    lastGood: lastGood && identityOf(lastGood),
    parked: parked && { artifact: identityOf(parked.artifact), reason: parked.reason },
    refusedLines: refusedLines && toStored(refusedLines),
    worker,
  };
  replaceFile(path, `${JSON.stringify(state)}\n`);
}

const toStored = ({ notBefore, ...rest }: RefusedLines): StoredLines => ({
  ...rest,
  until: Date.now() + notBefore - performance.now(),
});

/** Where the clock was set back meanwhile, the pause begins anew; it grows no longer. */
const fromStored = ({ until, ...rest }: StoredLines): RefusedLines => ({
  ...rest,
  notBefore: performance.now() + Math.min(until - Date.now(), rest.pauseMs),
});
