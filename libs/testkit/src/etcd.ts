import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild, untilReady } from './child.ts';
import { EtcdClient } from './etcd-client.ts';
import { temporaryFolder } from './folder.ts';
import { freePort } from './port.ts';

export interface EtcdOptions {
  /** Where its data goes; a temporary folder unless given. */
  dir?: string;
  /** The client port; a free one unless given. */
  port?: number;
}

export interface Etcd {
  url: string;
  client: EtcdClient;
  pid(): number;
  stop(): Promise<void>;
  /** SIGKILL unless another signal is given; SIGSTOP and SIGCONT freeze and thaw it. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /**
   * Ends it when it still runs and starts it again on the same ports. `wipe` empties the store; the cluster keeps its
   * id then (a younger store that looks like the old one) unless `newCluster` is set.
   */
  restart(options?: { wipe?: boolean; newCluster?: boolean }): Promise<void>;
}

/** etcd 3.4 with the v2 API, on loopback, in a folder of its own. */
export async function startEtcd(options: EtcdOptions = {}): Promise<Etcd> {
  const folder = options.dir === undefined ? temporaryFolder('etcd', { inMemory: true }) : undefined;
  const data = join(options.dir ?? folder?.path ?? '', 'data');
  const url = `http://127.0.0.1:${options.port ?? (await freePort())}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  let life = 0;

  const launch = async (): Promise<Child> => {
    const child = await startChild('etcd', [
      '--enable-v2=true',
      ...['--name', 'testkit', '--data-dir', data, '--initial-cluster-token', `testkit-${life}`],
      ...['--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `testkit=${peer}`],
      // One member elects itself; the short timeout makes that quick.
      ...['--heartbeat-interval', '20', '--election-timeout', '200'],
      ...['--logger', 'zap', '--log-outputs', 'stderr', '--log-level', 'error'],
    ]);
    await untilReady(child, 'etcd', async () => {
      const reply = await fetch(`${url}/v2/keys/?quorum=true`, { signal: AbortSignal.timeout(2_000) });
      await reply.text();
      return reply.ok;
    });
    return child;
  };
  let child = await launch();
  const client = new EtcdClient(url);

  return {
    url,
    client,
    pid: () => child.pid,
    kill: (signal = 'SIGKILL') => child.kill(signal),
    stop: async () => {
      await client.close();
      await child.stop();
      folder?.remove();
    },
    restart: async ({ wipe = false, newCluster = false } = {}) => {
      await child.stop();
      if (wipe) rmSync(data, { recursive: true, force: true });
      if (newCluster) life++;
      child = await launch();
    },
  };
}
