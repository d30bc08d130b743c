import { type ArtifactReader, type Pointer, createNodeReports } from '@flotilla/artifact';
import {
  type ArtifactIdentity,
  type FleetHold,
  type FleetName,
  type NodeStatus,
  type Problem,
  fleetKeys,
  formatProblem,
  leaderKeys,
  sameArtifact,
} from '@flotilla/domain';
import { readHold } from '@flotilla/inputs';
import { createJobHistory } from '@flotilla/queue';
import type { Redis } from 'ioredis';

/** Where a fleet stands, from the watcher to its nodes. */
export interface FleetStanding {
  readonly fleet: FleetName;
  /** The watcher that leads: `<host>/<process>`, or null when none does. */
  readonly watcher: string | null;
  /** The newest inputs; null while there are none. */
  readonly inputs: { readonly revision: number; readonly index: number; readonly updatedAt: string } | null;
  /** What every node should run; null while nothing is published. */
  readonly artifact: Published | null;
  /** The newest inputs were rendered, whether or not they gave a new version. */
  readonly rendered: boolean;
  /** The last job that failed, while the newest inputs are not rendered. */
  readonly failed: { readonly job: string; readonly finishedAt: number | undefined; readonly reason: string } | null;
  /** Entries that are set aside, in words. */
  readonly problems: readonly string[];
  readonly nodes: readonly NodeStanding[];
  /** Why the store's present state is kept from the fleet, and since when; null while it is not held. */
  readonly hold: FleetHold | null;
  /** Names under which a report stands that is none. */
  readonly oddReports: readonly string[];
}

export interface Published extends ArtifactIdentity {
  readonly revision: number;
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

export type NodeStanding = NodeStatus & { readonly state: NodeState };

/** Three heartbeats. */
const silentAfterMs = 15_000;

export async function readStanding(
  redis: Redis,
  { fleet, artifacts, now }: { fleet: FleetName; artifacts: ArtifactReader; now: number },
): Promise<FleetStanding> {
  const reports = createNodeReports({ redis, fleet });
  const [meta, leader, desired, versions, nodes, oddReports, problems, hold] = await Promise.all([
    redis.hgetall(fleetKeys(fleet).meta),
    redis.get(leaderKeys.lock),
    artifacts.desired(),
    artifacts.versions(),
    reports.nodes(),
    reports.odd(),
    readProblems(redis, fleet),
    readHold(redis, fleet),
  ]);
  const inputs =
    meta['epoch'] === undefined
      ? null
      : { revision: Number(meta['revision']), index: Number(meta['index']), updatedAt: meta['updatedAt'] ?? '' };
  const rendered = inputs !== null && desired !== undefined && desired.revision >= inputs.revision;
  return {
    fleet,
    watcher: leader === null ? null : leader.split('/', 2).join('/'),
    inputs,
    artifact: desired
      ? {
          ...identityOf(desired),
          revision: desired.revision,
          createdAt: versions.find((manifest) => sameArtifact(manifest, desired))?.createdAt ?? null,
          checked: Number(meta['checkedVersion']) >= desired.version,
        }
      : null,
    rendered,
    failed: rendered ? null : await lastFailure(redis, fleet),
    problems,
    nodes: nodes.map((node) => ({ ...node, state: stateOf(node, desired, now) })),
    hold: hold ?? null,
    oddReports,
  };
}

export function stateOf(node: NodeStatus, desired: ArtifactIdentity | undefined, now: number): NodeState {
  if (now - Date.parse(node.at) > silentAfterMs) return 'silent';
  if (node.parked && desired && sameArtifact(node.parked.artifact, desired)) return 'parked';
  if (node.problem) return 'trouble';
  return desired && node.applied && sameArtifact(node.applied, desired) ? 'current' : 'behind';
}

const identityOf = ({ epoch, version, digest }: Pointer): ArtifactIdentity => ({ epoch, version, digest });

/** A fleet may have many thousands of fields; few tell of problems. */
async function readProblems(redis: Redis, fleet: FleetName): Promise<string[]> {
  const found = new Map<string, string>();
  const stream = redis.hscanStream(fleetKeys(fleet).inputs, { match: 'problem/*', count: 1_000 });
  for await (const page of stream as AsyncIterable<string[]>) {
    for (let at = 0; at + 1 < page.length; at += 2) found.set(page[at] ?? '', page[at + 1] ?? '');
  }
  return [...found.values()].map((text) => formatProblem(JSON.parse(text) as Problem)).sort();
}

async function lastFailure(redis: Redis, fleet: FleetName): Promise<FleetStanding['failed']> {
  const history = createJobHistory({ connection: redis });
  try {
    const [job] = await history.jobs({ fleet, states: ['failed'], count: 1 });
    const [better] = await history.jobs({ fleet, states: ['completed'], count: 1 });
    // Then it is told already that things went well since.
    if (!job || (better && better.addedAt > job.addedAt)) return null;
    return { job: job.id, finishedAt: job.finishedAt, reason: job.reason ?? 'no reason given' };
  } finally {
    await history.close();
  }
}
