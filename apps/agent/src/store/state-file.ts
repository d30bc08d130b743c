import { readFile } from 'node:fs/promises';
import { type ArtifactIdentity, identityOf } from '@flotilla/domain';
import { replaceFile } from './durable.ts';

/** What an agent has to know after a restart, besides the releases themselves. */
export interface AgentState {
  /** Ran last, proven. */
  readonly applied: ArtifactIdentity | null;
  /** Ran last and passed every check: what a failure goes back to. */
  readonly lastGood: ArtifactIdentity | null;
  /** Refused here; not tried again until another version was tried. */
  readonly parked: { readonly artifact: ArtifactIdentity; readonly reason: string } | null;
  /** The worker that ran `applied`; while it is there, the next agent can take it over without a reload. */
  readonly worker: ProvenWorker | null;
}

export interface ProvenWorker {
  readonly pid: number;
  /** The digest of the release it read at its start; runtime updates brought it on from there. */
  readonly started: string | null;
  /** The digest of the release it was proven to run. */
  readonly runs: string;
}

export const emptyState: AgentState = { applied: null, lastGood: null, parked: null, worker: null };

const format = 1;

/** A file that is missing or cannot be read counts as empty: the releases on disk still tell what ran. */
export async function readState(path: string): Promise<AgentState> {
  try {
    const read = JSON.parse(await readFile(path, 'utf8')) as Partial<AgentState> & { format?: number };
    if (read.format !== format) return emptyState;
    const { applied = null, lastGood = null, parked = null, worker = null } = read;
    return { applied, lastGood, parked, worker };
  } catch {
    return emptyState;
  }
}

export function writeState(path: string, { applied, lastGood, parked, worker }: AgentState): void {
  const state = {
    format,
    applied: applied && identityOf(applied),
    lastGood: lastGood && identityOf(lastGood),
    parked: parked && { artifact: identityOf(parked.artifact), reason: parked.reason },
    worker,
  };
  replaceFile(path, `${JSON.stringify(state)}\n`);
}
