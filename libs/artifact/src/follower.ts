import type { Redis } from 'ioredis';
import {
  type ArtifactIdentity,
  type FleetName,
  type Manifest,
  type Sealer,
  aheadPurpose,
  fleetKeys,
  formatAhead,
  reasonOf,
  sameArtifact,
} from '@flotilla/domain';
import { isAnswer, leaveReplica, pause, withDeadline } from '@flotilla/runtime';
import type { LoadedArtifact } from './delta.ts';
import { DesiredArtifact, type Resynced } from './desired-artifact.ts';
import { readFeed } from './feed.ts';

export interface FollowOptions {
  readonly redis: Redis;
  /** A connection of the follower's own: its reads block. */
  readonly blockingRedis: Redis;
  readonly fleet: FleetName;
  readonly sealer: Sealer;
  /** What is there already, for example on disk: it is not read again. */
  readonly loaded?: LoadedArtifact;
  /** The newest version that was known here, where it is another one than `loaded`: nothing before it is taken. */
  readonly newest?: ArtifactIdentity;
  /** Asked at each look: whether an operator wants what Redis offers, though it is older than what is known here. */
  readonly wantsOlder?: () => boolean;
  readonly signal: AbortSignal;
  /** How often the record of what is desired is read, whatever the feed says; default 2,000 ms. */
  readonly pollMs?: number;
  /** How long one answer of Redis may take; default 10,000 ms. */
  readonly answerMs?: number;
  /** Called when the status changes. */
  readonly onStatus?: (status: FollowStatus) => void;
}

export interface FollowStatus {
  /** Redis answered last. */
  readonly connected: boolean;
  /** Why the desired artifact is not known. */
  readonly problem: string | undefined;
}

/** The word of a node that has a newer version than Redis lasts so long; it is said again at each look. */
const aheadLastsMs = 30_000;

/** One desired artifact, whole and verified. */
export interface Artifact extends LoadedArtifact {
  /** Paths added, changed or removed since the artifact before: the one yielded, at first the one loaded. */
  readonly changed: readonly string[];
}

/**
 * The artifacts that the fleet's nodes should run: first the one that is desired now, then each newer one as soon as
 * it is published. A slow consumer gets only the newest. Ends when the signal is aborted; every failure is waited out
 * inside and told through `onStatus`.
 */
export async function* followArtifacts(options: FollowOptions): AsyncGenerator<Artifact, void, undefined> {
  const { redis, fleet, sealer, loaded, newest, signal, pollMs = 2_000, answerMs = 10_000 } = options;
  const tell = onChange(options.onStatus);
  const desired = new DesiredArtifact(redis, fleet, sealer, loaded, newest);
  let confirmed = false;
  let resyncedAt = -Infinity;
  let yielded: Manifest | undefined;

  const step = async (): Promise<void> => {
    const due = performance.now() - resyncedAt >= pollMs;
    if (!due && (await followFeed(options, desired, pollMs))) return;
    const outcome = await withDeadline(resync(options, desired), answerMs, 'reading the desired artifact', signal);
    confirmed = outcome.kind === 'known';
    resyncedAt = performance.now();
    tell({ connected: true, problem: problemOf(outcome, fleet) });
  };

  while (!signal.aborted) {
    try {
      await step();
    } catch (error) {
      if (signal.aborted) return;
      tell({ connected: isAnswer(error), problem: reasonOf(error) });
      resyncedAt = -Infinity;
      await pause(pollMs, signal);
      continue;
    }
    const { loaded: next } = desired;
    if (!confirmed || !next || (yielded && sameArtifact(yielded, next.manifest))) continue;
    const changed = changedPaths(yielded ?? loaded?.manifest, next.manifest);
    yielded = next.manifest;
    yield { ...next, changed };
  }
}

/** What is older than what is known here is told to the watcher: it may not know that Redis was set back. */
async function resync(options: FollowOptions, desired: DesiredArtifact): Promise<Resynced> {
  const { redis, fleet, sealer, wantsOlder } = options;
  // Asked for at each look, so that a wish ends with the look that it was for.
  const isOlderWanted = wantsOlder?.() ?? false;
  const outcome = await desired.resync();
  if (outcome.kind !== 'older') return outcome;
  if (isOlderWanted) {
    desired.takeOlder();
    return desired.resync();
  }
  const word = sealer.seal(formatAhead(outcome.known), aheadPurpose);
  await redis.set(fleetKeys(fleet).ahead, word, 'PX', aheadLastsMs);
  return outcome;
}

function problemOf(outcome: Resynced, fleet: FleetName): string | undefined {
  switch (outcome.kind) {
    case 'known':
      return undefined;
    case 'none':
      return outcome.held === undefined
        ? `fleet ${fleet} has no published version yet`
        : `fleet ${fleet} is held on a version that Redis has lost: ${outcome.held}`;
    case 'older':
      return `Redis was set back: it offers version ${outcome.offered.version}, and this node had version ${outcome.known.version}, which is newer; it keeps what it runs until a watcher has said what is newest ("flotilla retry --older" takes the older one now)`;
  }
}

/** Waits for feed entries and takes them. False when they do not lead on: the record of what is desired decides then. */
async function followFeed(options: FollowOptions, desired: DesiredArtifact, pollMs: number): Promise<boolean> {
  const { blockingRedis, fleet, signal, answerMs = 10_000 } = options;
  if (desired.cursor === undefined) return false;
  const asked = readFeed(blockingRedis, fleet, desired.cursor, pollMs);
  const entries = await withDeadline(asked, pollMs + 1_000, 'reading the feed', signal);
  if (entries.length > 0) return desired.apply(entries);
  await withDeadline(leaveReplica(blockingRedis), answerMs, 'asking for the role of Redis', signal);
  return false;
}

function onChange(listen: FollowOptions['onStatus']): (status: FollowStatus) => void {
  let last: FollowStatus | undefined;
  return (status) => {
    if (last?.connected === status.connected && last.problem === status.problem) return;
    last = status;
    listen?.(status);
  };
}

/** Paths whose digest differs between two manifests, in either of them. */
export function changedPaths(before: Manifest | undefined, after: Manifest): string[] {
  const gone = new Map(before?.files.map(({ path, digest }) => [path, digest]));
  const changed: string[] = [];
  for (const { path, digest } of after.files) {
    if (gone.get(path) !== digest) changed.push(path);
    gone.delete(path);
  }
  return [...changed, ...gone.keys()];
}
