import { setImmediate } from 'node:timers/promises';
import { type FollowOptions, type FollowStatus, followArtifacts } from '@flotilla/artifact';
import type { Context } from './delivery/context.ts';
import type { Delivery } from './delivery/delivery.ts';

/** Hands every version that the fleet's nodes should run to the delivery, until the signal is aborted. */
export async function followInto(
  delivery: Delivery,
  options: Omit<FollowOptions, 'onStatus'>,
  { log, metrics, move }: Pick<Context, 'log' | 'metrics' | 'move'>,
): Promise<void> {
  let told: string | undefined;
  const onStatus = ({ connected, problem }: FollowStatus) => {
    move({ kind: 'unknown', reason: connected ? problem : undefined });
    metrics.following(problem === undefined);
    // That Redis is away is told by its connection, and each attempt fails in other words.
    const reason = connected ? (problem ?? '') : undefined;
    if (reason === undefined || reason === told) return;
    told = reason;
    if (reason === '') log.info('following the newest version');
    else log.warn({ reason }, 'the newest version is not known');
  };
  for await (const artifact of followArtifacts({ ...options, onStatus })) {
    delivery.offer(artifact);
    // The delivery goes first; asking the feed for the next version can wait until it waits for something itself.
    await setImmediate();
  }
}
