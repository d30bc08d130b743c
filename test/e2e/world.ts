import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import {
  type EtcdClient,
  type PodServer,
  type Stack,
  type StackNode,
  configMap,
  pod,
  registryKey,
  repositoryRoot,
  secret,
  servicesConfigMap,
  startPodServer,
  waitFor,
} from '@flotilla/testkit';
import { request } from 'undici';
import { parse } from 'yaml';

/** The template of an example, as a user would load it. */
export function exampleTemplate(example: 'http' | 'https'): string {
  const text = readFileSync(join(repositoryRoot(), 'examples', example, 'config.yaml'), 'utf8');
  return (parse(text) as { data: { template: string } }).data.template;
}

/** One service of pods that answer their names. */
export const service = (name: string, port: number, more: object = {}) => ({
  namespace: 'default',
  selector: { app: name },
  hostnames: [`${name}.example.com`],
  ports: [port],
  ...more,
});

/** Writes to the store what a cluster would hold. */
export class World {
  #services: Record<string, object | string> = {};
  constructor(readonly store: EtcdClient) {}

  template(template: string, more: Record<string, string> = {}): Promise<unknown> {
    const object = configMap({ namespace: 'lb', name: 'config', data: { template, ...more } });
    return this.store.put(registryKey('configmaps', 'lb', 'config'), object);
  }

  /** Adds or replaces services; undefined removes one. A string goes in as it is. */
  services(changed: Record<string, object | string | undefined>): Promise<unknown> {
    const kept = Object.entries({ ...this.#services, ...changed }).filter(([, value]) => value !== undefined);
    this.#services = Object.fromEntries(kept) as Record<string, object | string>;
    return this.store.put(registryKey('configmaps', 'lb', 'services'), servicesConfigMap({ services: this.#services }));
  }

  async certificates(pairs: Record<string, { cert?: string; key?: string }>): Promise<void> {
    const part = (name: 'cert' | 'key'): Record<string, string> =>
      Object.fromEntries(
        Object.entries(pairs).flatMap(([key, pair]) => (pair[name] === undefined ? [] : [[key, pair[name]]])),
      );
    await this.store.put(
      registryKey('configmaps', 'lb', 'certificates'),
      configMap({ namespace: 'lb', name: 'certificates', data: part('cert') }),
    );
    await this.store.put(
      registryKey('secrets', 'lb', 'keys'),
      secret({ namespace: 'lb', name: 'keys', data: part('key') }),
    );
  }

  pod(name: string, app: string, server: { host: string }, ready = true): Promise<unknown> {
    const object = pod({ name, ip: server.host, labels: { app }, ready, realistic: true });
    return this.store.put(registryKey('pods', 'default', name), object);
  }

  removePod(name: string): Promise<unknown> {
    return this.store.del(registryKey('pods', 'default', name));
  }
}

/** One request through a node's HAProxy: the status, and the pod that answered. */
export async function ask(node: Pick<StackNode, 'httpPort'>, host: string): Promise<{ status: number; pod: string }> {
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${node.httpPort}/`, {
    headers: { host, connection: 'close' },
    headersTimeout: 5_000,
  });
  await body.dump();
  return { status: statusCode, pod: String(headers['x-pod'] ?? '') };
}

/** Waits until requests on every node reach exactly these pods, none other and each of them. */
export async function servedBy(
  stack: Pick<Stack, 'nodes'>,
  host: string,
  pods: readonly string[],
  deadlineMs = 20_000,
): Promise<void> {
  const wanted = [...pods].sort().join();
  for (const node of stack.nodes) {
    await waitFor(
      async () => {
        const seen = new Set<string>();
        for (let at = 0; at < Math.max(4, pods.length * 4); at++) {
          const { status, pod: name } = await ask(node, host);
          seen.add(status === 200 ? name : String(status));
        }
        return [...seen].sort().join() === wanted;
      },
      { what: `${host} on ${node.name} to be served by ${wanted}`, deadlineMs, everyMs: 50 },
    );
  }
}

/** Pods of one port on loopback addresses of their own. */
export async function startPods(names: readonly string[]): Promise<{ port: number; pods: Record<string, PodServer> }> {
  const pods: Record<string, PodServer> = {};
  let port: number | undefined;
  for (const name of names) {
    const started: PodServer = await startPodServer({ name, ...(port !== undefined && { port }) });
    port = started.port;
    pods[name] = started;
  }
  return { port: port ?? 0, pods };
}

/** What a node serves on its HTTPS port for a name. */
export function servedFingerprint(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}
