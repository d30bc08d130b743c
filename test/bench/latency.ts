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

/** What `wire.ts` says of them; also the label of their pods. */
const wires = ['calls', 'blind'] as const;
type Wire = (typeof wires)[number];

/** A baseline beside the fleet: an HAProxy of the same configuration, and a wire from etcd to its socket. */
async function startBaseline(
  fleet: BenchFleet,
  podPort: number,
  kind: Wire,
): Promise<{ port: number; stop(): Promise<void> }> {
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
    ...[fleet.stack.etcd.url, haproxy.statsSocket, probed, kind, String(podPort), kind],
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

export interface LatencySamples extends Readonly<Record<Wire | 'flotilla', number[]>> {
  failedRequests: number;
}

/**
 * From etcd's answer to a write of a new ready pod to its first HTTP response through HAProxy, in ms: Flotilla and the
 * wires in turn, so that a machine that slows down slows all. Each change meets a fleet at rest: what a fleet does that
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
  const samples: LatencySamples = { flotilla: [], calls: [], blind: [], failedRequests: 0 };
  const entrant = (into: number[], app: string, port: number) => ({
    into,
    app,
    prober: new Prober(port, host),
    holders: Array.from({ length: podsOfService }, () => new Prober(port, host)),
  });
  const baselines = await Promise.all(wires.map((kind) => startBaseline(fleet, farm.port, kind)));
  const ours = entrant(samples.flotilla, probed, fleet.stack.nodes[0]?.httpPort ?? 0);
  const theirs = wires.map((kind, at) => entrant(samples[kind], kind, baselines[at]?.port ?? 0));

  const one = async ({ into, app, prober, holders }: typeof ours, number: number): Promise<void> => {
    const counted = number >= warmUp;
    const address = probedAddress(podsOfService + (counted ? 0 : 1));
    const name = `${app === probed ? 'probe' : app}-${number}`;
    await fleet.atRest();
    const release = await holdPods(holders, farm);
    await prober.ask();
    await putPod(store, benchPod(name, app, address));
    const took = await prober.until(address, performance.now());
    if (counted) into.push(took);
    await release();
    await store.del(`/registry/pods/default/${name}`);
    // It is gone when its address no longer answers.
    await waitFor(async () => (await prober.ask()) !== address, { what: `${app} to settle`, deadlineMs: 5_000 });
  };
  try {
    for (let number = 0; number < changes + warmUp; number++) {
      for (const each of [ours, ...theirs]) await one(each, number);
    }
  } finally {
    samples.failedRequests = ours.prober.failed;
    for (const { prober, holders } of [ours, ...theirs]) for (const each of [prober, ...holders]) each.close();
    await Promise.all(baselines.map((baseline) => baseline.stop()));
  }
  return samples;
}

const warmUp = 3;
