import type { NodeStatus } from '@flotilla/domain';
import type { Standing } from './delivery/standing.ts';
import { identityOf } from './store/state-file.ts';

/** What the node says of itself. */
export const nodeStatus = (node: string, standing: Standing): Omit<NodeStatus, 'at'> => ({
  node,
  desired: standing.desired,
  applied: standing.live ? identityOf(standing.live.manifest) : null,
  lastGood: standing.good,
  parked: standing.parked,
  haproxy: {
    version: standing.running?.version ?? null,
    pid: standing.running?.master ?? null,
    oldWorkers: standing.running?.oldWorkers ?? 0,
  },
  problem: problemOf(standing) ?? null,
});

/** Why the node cannot do its work; undefined when it can. */
export const problemOf = ({ problem, failing, live }: Standing): string | undefined =>
  problem ?? failing ?? (live ? undefined : 'no version runs on this node yet');
