import { setImmediate } from 'node:timers/promises';
import { type FollowOptions, type FollowStatus, followArtifacts } from '@flotilla/artifact';
import type { Logger } from '@flotilla/runtime';
import type { AgentMetrics } from './agent-metrics.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { Standing } from './delivery/standing.ts';

/** Hands every version that the fleet's nodes should run to the delivery, until the signal is aborted. */
export async function followInto(
  delivery: Delivery,
  options: Omit<FollowOptions, 'onStatus'>,
  { log, metrics, standing }: { log: Logger; metrics: AgentMetrics; standing: Standing },
): Promise<void> {
  const onStatus = ({ connected, problem }: FollowStatus) => {
    standing.unknown = connected ? problem : undefined;
    metrics.following(problem === undefined);
    if (problem !== undefined) log.warn({ connected, reason: problem }, 'the newest version is not known');
    else log.info('following the newest version');
  };
  for await (const artifact of followArtifacts({ ...options, onStatus })) {
    delivery.offer(artifact);
    // The delivery goes first; asking the feed for the next version can wait until it waits for something itself.
    await setImmediate();
  }
}
