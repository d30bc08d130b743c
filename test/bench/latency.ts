import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, freePort, repositoryRoot, startChild, startHaproxy, waitFor } from '@flotilla/testkit';
import { type BenchFleet, benchPod, probed, probedAddress, putPod } from './fleet.ts';
import type { PodFarm } from './pod-farm.ts';
import { Prober } from './prober.ts';

const host = `${probed}.example.com`;

/**
 * Requests that stay open, one on each old pod, so that a new pod is the least loaded one. Returns how they are given
 * up: they are answered, and it waits until the answers are here.
 */
async function holdPods(holders: readonly Prober[], farm: PodFarm): Promise<() => Promise<void>> {
  const answers: Promise<unknown>[] = [];
  // leastconn hands each held request to another pod.
  for (const [at, holder] of holders.entries()) {
    answers.push(holder.ask('/hold'));
    await waitFor(() => farm.holding > at, { what: 'a held request', deadlineMs: 5_000, everyMs: 1 });
  }
  return async () => {
    farm.release();
    await Promise.all(answers);
  };
}

/** The baseline beside the fleet: an HAProxy of the same configuration, and a wire from etcd to its socket. */
async function startBaseline(fleet: BenchFleet, podPort: number): Promise<{ port: number; stop(): Promise<void> }> {
  const port = await freePort();
  const dataDir = fleet.stack.nodes[0]?.agent.dataDir ?? '';
  const config = readFileSync(join(dataDir, 'current/haproxy.cfg'), 'utf8');
  const haproxy = await startHaproxy({
    config: ({ statsSocket }) =>
      config
        .replace('global\n', `global\n  stats socket ${statsSocket} mode 600 level admin\n  stats timeout 1h\n`)
        .replace('"${HTTP_BIND-127.0.0.1:80}"', `127.0.0.1:${port}`),
  });
  const wire: Child = await startChild(process.execPath, [
    join(repositoryRoot(), 'test/dist/wire.js'),
    ...[fleet.stack.etcd.url, haproxy.statsSocket, probed, 'wire', String(podPort)],
  ]);
  await waitFor(() => wire.lines.includes('ready'), { what: 'the wire', deadlineMs: 10_000 });
  return {
    port,
    stop: async () => {
      await wire.stop();
      await haproxy.stop();
    },
  };
}

export interface LatencySamples {
  readonly flotilla: number[];
  readonly wire: number[];
  readonly failedRequests: number;
}

/**
 * From etcd's answer to a write of a new ready pod to its first HTTP response through HAProxy, in ms: Flotilla and the
 * wire in turn, so that a machine that slows down slows both. Each change meets a fleet at rest: what a fleet does that
 * changes all the time is the burst's to tell.
 */
export async function measureLatency(options: {
  fleet: BenchFleet;
  farm: PodFarm;
  podsOfService: number;
  changes: number;
}): Promise<LatencySamples> {
  const { fleet, farm, podsOfService, changes } = options;
  const { store } = fleet.stack;
  const baseline = await startBaseline(fleet, farm.port);
  const probing = (port: number) => ({
    prober: new Prober(port, host),
    holders: Array.from({ length: podsOfService }, () => new Prober(port, host)),
  });
  const ours = probing(fleet.stack.nodes[0]?.httpPort ?? 0);
  const theirs = probing(baseline.port);
  const samples = { flotilla: [] as number[], wire: [] as number[], failedRequests: 0 };

  const one = async (
    { prober, holders }: typeof ours,
    app: string,
    name: string,
    into: number[] | undefined,
  ): Promise<void> => {
    const address = probedAddress(podsOfService + (into === undefined ? 1 : 0));
    const release = await holdPods(holders, farm);
    await prober.ask();
    await putPod(store, benchPod(name, app, address));
    const took = await prober.until(address, performance.now());
    into?.push(took);
    await release();
    await store.del(`/registry/pods/default/${name}`);
  };
  try {
    for (let at = 0; at < changes + warmUp; at++) {
      const counted = at >= warmUp;
      await fleet.atRest();
      await one(ours, probed, `probe-${at}`, counted ? samples.flotilla : undefined);
      await fleet.atRest();
      await one(theirs, 'wire', `wire-${at}`, counted ? samples.wire : undefined);
      // The wire's server is gone when its address no longer answers.
      await waitFor(async () => (await theirs.prober.ask()) !== probedAddress(podsOfService), {
        what: 'the wire to settle',
        deadlineMs: 5_000,
      });
    }
  } finally {
    samples.failedRequests = ours.prober.failed;
    for (const { prober, holders } of [ours, theirs]) for (const each of [prober, ...holders]) each.close();
    await baseline.stop();
  }
  return samples;
}

const warmUp = 3;
