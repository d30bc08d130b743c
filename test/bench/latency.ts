import { readFileSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { type Child, freePort, repositoryRoot, startChild, startHaproxy, waitFor } from '@flotilla/testkit';
import { type BenchFleet, benchPod, probed, probedAddress, putPod } from './fleet.ts';
import type { PodFarm } from './pod-farm.ts';

const host = `${probed}.example.com`;

/** One keep-alive connection that asks over and over, one request at a time. */
class Prober {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  failed = 0;
  constructor(readonly port: number) {}

  ask(path = '/'): Promise<string | undefined> {
    return new Promise((resolve) => {
      const call = httpRequest(
        { host: '127.0.0.1', port: this.port, path, agent: this.#agent, headers: { host } },
        (response) => {
          response.resume();
          response.once('end', () => {
            const pod = response.headers['x-pod'];
            resolve(typeof pod === 'string' ? pod : undefined);
          });
        },
      );
      call.once('error', () => {
        resolve(undefined);
      });
      call.end();
    });
  }

  /** Asks until the pod answers, and gives the time in ms since `from` (performance.now()). */
  async until(address: string, from: number): Promise<number> {
    const deadline = from + 30_000;
    while (performance.now() < deadline) {
      const pod = await this.ask();
      if (pod === address) return performance.now() - from;
      if (pod === undefined) this.failed++;
    }
    throw new Error(`${address} did not answer within 30 s`);
  }

  close(): void {
    this.#agent.destroy();
  }
}

/**
 * Requests that stay open, one on each old pod, so that a new pod is the least loaded one. Returns how they are given
 * up: they are answered, and it waits until the answers are here.
 */
async function holdPods(port: number, farm: PodFarm, pods: number): Promise<() => Promise<void>> {
  const answers: Promise<void>[] = [];
  // leastconn hands each held request to another pod.
  for (let at = 0; at < pods; at++) {
    const before = farm.holding;
    answers.push(holdOne(port));
    await waitFor(() => farm.holding > before, { what: 'a held request', deadlineMs: 5_000, everyMs: 1 });
  }
  return async () => {
    farm.release();
    await Promise.all(answers);
  };
}

function holdOne(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(
      { host: '127.0.0.1', port, path: '/hold', agent: false, headers: { host } },
      (response) => {
        response.resume().once('end', resolve);
      },
    );
    call.once('error', reject);
    call.end();
  });
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
 * wire in turn, so that a machine that slows down slows both.
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
  const ours = new Prober(fleet.stack.nodes[0]?.httpPort ?? 0);
  const theirs = new Prober(baseline.port);
  const samples = { flotilla: [] as number[], wire: [] as number[], failedRequests: 0 };

  const one = async (prober: Prober, app: string, name: string, into: number[] | undefined): Promise<void> => {
    const address = probedAddress(podsOfService + (into === undefined ? 1 : 0));
    const release = await holdPods(prober.port, farm, podsOfService);
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
      await one(ours, probed, `probe-${at}`, counted ? samples.flotilla : undefined);
      await fleet.settled();
      await one(theirs, 'wire', `wire-${at}`, counted ? samples.wire : undefined);
      // The wire's server is gone when its address no longer answers.
      await waitFor(async () => (await theirs.ask()) !== probedAddress(podsOfService), {
        what: 'the wire to settle',
        deadlineMs: 5_000,
      });
    }
  } finally {
    samples.failedRequests = ours.failed;
    ours.close();
    theirs.close();
    await baseline.stop();
  }
  return samples;
}

const warmUp = 3;
