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
  problem: problemOf(standing) ?? standing.unknown ?? null,
});

/** Why the node does not serve as it should, for `/readyz`; undefined when it does, whether it can hear of news or not. */
export const problemOf = ({ problem, failing, live, unknown }: Standing): string | undefined =>
  problem ?? failing ?? (live ? undefined : (unknown ?? 'no version runs on this node yet'));
