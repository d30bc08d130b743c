import { Bell } from '@flotilla/runtime';
import { abortScope } from './abort.ts';
import { type Etcd2Client, connectEtcd2 } from './client.ts';
import type { Etcd2Endpoint } from './endpoint.ts';
import type { Etcd2Settings } from './options.ts';
import type { Progress } from './progress.ts';
import { SubtreeWatch } from './subtree-watch.ts';

/**
 * Follows every subtree on one endpoint until something fails, and throws that. Its connections end with it, so that
 * none that is half dead is used again.
 *
 * One stream for each subtree, not one for everything: Kubernetes writes events, leases and node status all the time,
 * which would fill the 100 places of a stream's buffer, cross the network twice over (each event carries the node it
 * replaces) and need the right to read all of it. The price is that a quiet subtree's place leaves the history of
 * 1,000 events sooner; then that subtree alone is listed again, and it is a small one.
 */
export async function runSession(
  endpoint: Etcd2Endpoint,
  settings: Etcd2Settings,
  progress: Progress,
  parent: AbortSignal,
): Promise<never> {
  const client = connectEtcd2(endpoint, settings);
  const scope = abortScope(parent);
  const tasks: Promise<never>[] = [];
  try {
    const { index, clusterId } = await checkMark(client, progress, scope.signal);
    settings.tell({ kind: 'connected', endpoint: endpoint.name, index, clusterId });
    const doubt = new Bell();
    const watches = settings.resources.map(
      (subtree) => new SubtreeWatch(client, subtree, settings, progress, () => doubt.ring()),
    );
    tasks.push(
      ...watches.map((watch) => watch.follow(scope.signal)),
      checkUp(client, watches, settings, progress, doubt, scope.signal),
    );
    return await Promise.race(tasks);
  } finally {
    scope.end();
    await Promise.allSettled(tasks);
    await client.close();
  }
}

/**
 * Looks after what no stream tells: whether the endpoint still answers with the majority's voice, whether the store is
 * still the same, and whether a silent stream is silent with reason. A quiet store costs one small read each time.
 * `doubt` rings when a stream should not wait for the next time.
 */
async function checkUp(
  client: Etcd2Client,
  watches: readonly SubtreeWatch[],
  settings: Etcd2Settings,
  progress: Progress,
  doubt: Bell,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    await doubt.wait(settings.probeIntervalMs, signal);
    signal.throwIfAborted();
    const { index } = await checkMark(client, progress, signal);
    await Promise.all(watches.map((watch) => watch.proveAlive(index, signal)));
  }
}

async function checkMark(client: Etcd2Client, progress: Progress, signal: AbortSignal) {
  const floor = progress.newest;
  const mark = await client.mark(signal);
  progress.recognizeMajority(mark, floor);
  return mark;
}
