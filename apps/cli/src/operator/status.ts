import { type FleetName, type NodeStatus, fleetKeys } from '@flotilla/domain';
import { createNodeReports } from '@flotilla/artifact';
import type { Redis } from 'ioredis';
import { type Outcome, columns, exitCodes } from '../outcome.ts';

/** A node that has not been heard of for so long is told as silent. */
const silentAfterMs = 10_000;

/** `flotilla status`: where inputs, artifact and every node stand. Fails when a node is not where it should be. */
export async function statusCommand(redis: Redis, fleet: FleetName, now = Date.now()): Promise<Outcome> {
  const meta = await redis.hgetall(fleetKeys(fleet).meta);
  const nodes = await createNodeReports({ redis, fleet }).nodes();
  const number = (name: string): number | null => (meta[name] === undefined ? null : Number(meta[name]));
  const desired = { epoch: meta['epoch'] ?? null, version: number('version'), digest: meta['digest'] ?? null };
  const behind = (node: NodeStatus): boolean =>
    node.applied?.digest !== desired.digest || node.applied?.epoch !== desired.epoch;
  const states = nodes.map((node) => ({
    ...node,
    state:
      now - Date.parse(node.at) > silentAfterMs
        ? 'silent'
        : node.parked
          ? 'parked'
          : behind(node)
            ? 'behind'
            : 'current',
  }));
  const rendered = number('revision') === number('artifactRevision');
  const ok = desired.version !== null && rendered && states.every(({ state }) => state === 'current');
  return {
    code: ok ? exitCodes.ok : exitCodes.failed,
    lines: [
      desired.version === null
        ? `fleet ${fleet}: nothing published yet`
        : `fleet ${fleet}: version ${desired.version} (${desired.digest?.slice(0, 12)}), revision ${number('artifactRevision')} of ${number('revision')}`,
      ...columns(
        ['NODE', 'STATE', 'APPLIED', 'OLD WORKERS', 'SEEN', 'WHY'],
        states.map(({ node, state, applied, haproxy, at, parked }) => [
          node,
          state,
          applied ? String(applied.version) : '-',
          String(haproxy.oldWorkers),
          `${Math.max(0, Math.round((now - Date.parse(at)) / 1000))} s ago`,
          parked?.reason.split('\n', 1)[0] ?? '',
        ]),
      ),
    ],
    json: { fleet, desired, revision: number('revision'), artifactRevision: number('artifactRevision'), nodes: states },
  };
}
