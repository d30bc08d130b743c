import { type ArtifactReader } from '@flotilla/artifact';
import { createNodeReports } from '@flotilla/runtime';
import {
  type ArtifactIdentity,
  type FleetHold,
  type FleetName,
  type NodeStatus,
  type Problem,
  type ReceivedStatus,
  formatProblem,
  identityOf,
  sameArtifact,
  silentAfterMs,
} from '@flotilla/domain';
import { readHold, readOverview, readProblems } from '@flotilla/inputs';
import { createJobHistory } from '@flotilla/queue';
import type { Redis } from 'ioredis';

/** Times are in ms since 1970. */
export interface FailedJob {
  readonly job: string;
  readonly finishedAt: number | undefined;
  /** When the fleet's renders began to fail. */
  readonly since: number | undefined;
  readonly reason: string;
  readonly renderer: string | null;
}

/** Where a fleet stands, from its inputs to its nodes. */
export interface FleetStanding {
  readonly fleet: FleetName;
  /** The newest inputs; null while there are none. */
  readonly inputs: { readonly revision: number; readonly position: string; readonly updatedAt: string } | null;
  /** What every node should run; null while nothing is published. */
  readonly artifact: Published | null;
  /** Why the nodes are held on that version, and which is the newest; null while they get each version. */
  readonly waits: { readonly newest: number | null; readonly why: string } | null;
  /** The newest inputs were rendered, whether or not they gave a new version. */
  readonly rendered: boolean;
  /** The last job that failed, while the newest inputs are not rendered. */
  readonly failed: FailedJob | null;
  /** Entries that are set aside, and what serves in their place. */
  readonly problems: readonly Problem[];
  readonly nodes: readonly NodeStanding[];
  /** Why the store's present state is kept from the fleet, and since when; null while it is not held. */
  readonly hold: FleetHold | null;
  /** Names under which a report stands that is none. */
  readonly oddReports: readonly string[];
}

export interface Published extends ArtifactIdentity {
  /** The newest revision that gave it; null when the version is not kept any more. */
  readonly revision: number | null;
  readonly createdAt: string | null;
  /** HAProxy has checked it; one that a checked version vouches for is checked after it went out. */
  readonly checked: boolean;
}

/**
 * - `silent`: no heartbeat for so long that what it said last may not hold any more
 * - `parked`: it refused the newest version and runs an older one
 * - `trouble`: it cannot do its work
 * - `behind`: it does not run the newest version yet
 */
export type NodeState = 'current' | 'behind' | 'parked' | 'trouble' | 'silent';

export type NodeStanding = ReceivedStatus & { readonly state: NodeState };

/** `now` is Redis' time. */
export async function readStanding(
  redis: Redis,
  { fleet, artifacts, now }: { fleet: FleetName; artifacts: ArtifactReader; now: number },
): Promise<FleetStanding> {
  const [overview, newest, { version: desired, held }, { nodes, odd }, problems, hold] = await Promise.all([
    readOverview(redis, fleet),
    artifacts.newest(),
    artifacts.desired(),
    createNodeReports({ redis, fleet }).read(),
    readProblems(redis, fleet),
    readHold(redis, fleet),
  ]);
  const rendered = overview !== undefined && newest !== undefined && newest.revision >= overview.revision;
  const kept = desired && (await artifacts.manifest(desired.version));
  const manifest = kept && sameArtifact(kept, desired) ? kept : undefined;
  return {
    fleet,
    inputs: overview
      ? { revision: overview.revision, position: overview.sourcePosition, updatedAt: overview.updatedAt }
      : null,
    artifact: desired
      ? {
          ...identityOf(desired),
          // Newer inputs may have given the same version again.
          revision: (newest && sameArtifact(newest, desired) ? newest : manifest)?.revision ?? null,
          createdAt: manifest?.createdAt ?? null,
          checked: newest !== undefined && newest.checkedVersion >= desired.version,
        }
      : null,
    waits: held === undefined ? null : { newest: newest?.version ?? null, why: held },
    rendered,
    failed: rendered ? null : await lastFailure(redis, fleet),
    problems: [...problems, ...(overview?.refused ?? [])].sort((a, b) =>
      formatProblem(a) < formatProblem(b) ? -1 : 1,
    ),
    nodes: nodes.map((node) => ({ ...node, state: stateOf(node, desired, now) })),
    hold: hold ?? null,
    oddReports: odd,
  };
}

export function stateOf(node: ReceivedStatus, desired: ArtifactIdentity | undefined, now: number): NodeState {
  if (now - node.seenAt > silentAfterMs) return 'silent';
  if (node.parked && desired && sameArtifact(node.parked.artifact, desired)) return 'parked';
  if (node.problem !== null || node.rival) return 'trouble';
  return runs(node, desired) ? 'current' : 'behind';
}

export const runs = ({ applied }: NodeStatus, desired: ArtifactIdentity | null | undefined): boolean =>
  applied !== null && desired != null && sameArtifact(applied, desired);

async function lastFailure(redis: Redis, fleet: FleetName): Promise<FleetStanding['failed']> {
  const history = createJobHistory({ connection: redis });
  try {
    const [job] = await history.jobs({ fleet, states: ['failed'], count: 1 });
    const [better] = await history.jobs({ fleet, states: ['completed'], count: 1 });
    // Then it is told already that things went well since.
    if (!job || (better && better.addedAt > job.addedAt)) return null;
    const { id, finishedAt, reason = 'no reason given', renderer = null, setback } = job;
    return { job: id, finishedAt, since: setback?.since ?? finishedAt, reason, renderer };
  } finally {
    await history.close();
  }
}
