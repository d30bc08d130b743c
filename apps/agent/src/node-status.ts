import { type Instance, type NodeStatus, sameArtifact, identityOf } from '@flotilla/domain';
import { type State, type Waiting, liveOf, parkedOf, waitingOf } from './delivery/state.ts';

/** What the node says of itself; the rest is known when it is told. */
export type OwnStatus = Omit<NodeStatus, 'at' | 'rival' | 'clockMs'>;

/** Looks at where the node stands, and remembers since when it is behind. */
export function createNodeStatus(node: string, stateNow: () => State, instance: Instance): () => OwnStatus {
  let since: string | undefined;
  return () => {
    const state = stateNow();
    const { desired, running } = state;
    const [live, parked] = [liveOf(state), parkedOf(state)];
    const isBehind = desired !== null && !(live && sameArtifact(live.manifest, desired));
    since = isBehind ? (since ?? new Date().toISOString()) : undefined;
    return {
      node,
      desired,
      applied: live ? identityOf(live.manifest) : null,
      lastGood: state.good,
      parked: parked ? { artifact: parked.artifact, reason: parked.reason } : null,
      haproxy: {
        version: running?.version ?? null,
        pid: running?.master ?? null,
        oldWorkers: running?.oldWorkers ?? 0,
      },
      problem: problemOf(state) ?? state.unknown ?? null,
      instance,
      behind: since === undefined ? null : { since, why: whyBehind(state) },
    };
  };
}

function whyBehind(state: State): string | null {
  const { running, pods } = state;
  const [waiting, live] = [waitingOf(state), liveOf(state)];
  if (waiting) return reasonFor(waiting, running?.oldWorkers ?? 0);
  if (!live || !pods.of) return null;
  return `its pods are those of version ${pods.of.version}, on the configuration of version ${live.manifest.version}`;
}

function reasonFor({ why, putOffSince }: Waiting, oldWorkers: number): string {
  if (why === undefined) return 'haproxy is being told through its socket';
  const which = oldWorkers === 1 ? '1 old worker still has' : `${oldWorkers} old workers still have`;
  return `waits for a reload: ${why}${putOffSince === undefined ? '' : `; put off, as ${which} connections`}`;
}

/** Why the node does not serve as it should, for `/readyz`; undefined when it does, whether it can hear of news or not. */
export const problemOf = (state: State): string | undefined =>
  state.problem ?? state.failing ?? (liveOf(state) ? undefined : (state.unknown ?? 'no version runs on this node yet'));
