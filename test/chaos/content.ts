/** What people wrote and what the cluster does, as objects in etcd; and both read back from there. */
import {
  type CertificatePair,
  type EtcdClient,
  EtcdError,
  type EtcdNode,
  configMap,
  pod,
  registryKey,
  secret,
  servicesConfigMap,
} from '@flotilla/testkit';
import { hostsTemplate, roundOf, templateText } from './fleet-template.ts';

export interface Entry {
  readonly namespace: string;
  readonly selector: { readonly app: string };
  readonly port: number;
  readonly balance: string;
  readonly weight: number;
  readonly check: boolean;
}

export interface PodContent {
  readonly app: string;
  /** The address that its object says, right or wrong. */
  readonly ip: string;
  readonly ready: boolean;
}

export interface ReadyPod {
  readonly name: string;
  readonly ip: string;
}

export interface FleetContent {
  /** `maxconn` of the template; negative for one that is broken. */
  round: number;
  /** A text is an entry that is broken. */
  services: Record<string, Entry | string>;
  certificates: Record<string, CertificatePair>;
  /** Objects of the fleet that were deleted. */
  deleted: FleetObject[];
}

export const fleetObjects = ['config', 'services', 'certificates', 'keys'] as const;
export type FleetObject = (typeof fleetObjects)[number];

export interface Content {
  fleets: Record<string, FleetContent>;
  pods: Record<string, PodContent>;
}

const kindOf = (object: FleetObject): 'configmaps' | 'secrets' => (object === 'keys' ? 'secrets' : 'configmaps');
export const fleetKey = (fleet: string, object: FleetObject): string => registryKey(kindOf(object), fleet, object);
export const podKey = (name: string): string => registryKey('pods', 'default', name);

export function fleetObjectOf(fleet: string, content: FleetContent, name: FleetObject): object {
  const part = (which: 'cert' | 'key'): Record<string, string> =>
    Object.fromEntries(Object.entries(content.certificates).map(([key, pair]) => [key, pair[which]]));
  switch (name) {
    case 'config':
      return configMap({
        namespace: fleet,
        name,
        data: { template: templateText(content.round), 'hosts.map': hostsTemplate },
      });
    case 'services':
      return servicesConfigMap({ namespace: fleet, services: content.services });
    case 'certificates':
      return configMap({ namespace: fleet, name, data: part('cert') });
    case 'keys':
      return secret({ namespace: fleet, name, data: part('key') });
  }
}

export const podObject = (name: string, { app, ip, ready }: PodContent): object =>
  pod({ name, ip, labels: { app }, ready });

/** Every object that the content has, by its key in etcd. */
export function objectsOf(content: Content): Map<string, object> {
  const objects = new Map<string, object>();
  for (const [fleet, of] of Object.entries(content.fleets)) {
    for (const name of fleetObjects) {
      if (!of.deleted.includes(name)) objects.set(fleetKey(fleet, name), fleetObjectOf(fleet, of, name));
    }
  }
  for (const [name, each] of Object.entries(content.pods)) objects.set(podKey(name), podObject(name, each));
  return objects;
}

/** What etcd holds, read from nothing but etcd. */
export async function readContent(store: EtcdClient, fleets: readonly string[]): Promise<Content> {
  const objects = await readObjects(store);
  const data = (fleet: string, name: FleetObject): Record<string, string> | undefined =>
    (objects.get(fleetKey(fleet, name)) as { data: Record<string, string> } | undefined)?.data;
  const read = (fleet: string): FleetContent => {
    const [certificates, keys] = [data(fleet, 'certificates') ?? {}, data(fleet, 'keys') ?? {}];
    const pairs = Object.entries(certificates).map(([name, cert]): [string, CertificatePair] => [
      name,
      { cert, key: Buffer.from(keys[name] ?? '', 'base64').toString() },
    ]);
    return {
      round: roundOf(data(fleet, 'config')?.['template'] ?? '') ?? 0,
      services: Object.fromEntries(
        Object.entries(data(fleet, 'services') ?? {}).map(([name, text]) => [name, entryOf(text) ?? text]),
      ),
      certificates: Object.fromEntries(pairs),
      deleted: fleetObjects.filter((name) => data(fleet, name) === undefined),
    };
  };
  const pods: Content['pods'] = {};
  for (const [key, object] of objects) {
    if (!key.startsWith(podKey(''))) continue;
    const { metadata, status } = object as ReturnType<typeof pod>;
    pods[metadata.name] = {
      app: metadata.labels?.['app'] ?? '',
      ip: status.podIP ?? '',
      ready: status.containerStatuses.every(({ ready }) => ready),
    };
  }
  return { fleets: Object.fromEntries(fleets.map((fleet) => [fleet, read(fleet)])), pods };
}

function entryOf(text: string): Entry | undefined {
  try {
    const read = JSON.parse(text) as Entry;
    return typeof read.selector === 'object' ? read : undefined;
  } catch {
    return undefined;
  }
}

async function readObjects(store: EtcdClient): Promise<Map<string, unknown>> {
  const found = new Map<string, unknown>();
  const walk = ({ key, value, nodes = [] }: EtcdNode): void => {
    if (value !== undefined) found.set(key, JSON.parse(value));
    nodes.forEach(walk);
  };
  try {
    walk((await store.get('/registry', { recursive: true })).node);
  } catch (error) {
    if (!(error instanceof EtcdError && error.errorCode === 100)) throw error;
  }
  return found;
}
