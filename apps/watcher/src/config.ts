import { readFileSync } from 'node:fs';
import { type FleetName, objectsRead, reasonOf } from '@flotilla/domain';
import { ConfigError, type Loaded, httpSetting, kinds, setting, sharedSettings } from '@flotilla/runtime';
import { type Etcd2Options, parseEndpoints } from '@flotilla/source';

const optionalFile = (help: string) => setting(kinds.text(), { help, optional: true });

/** Kept as it was written, once it is known that it can be used. */
const endpoints = () =>
  kinds.text().transform((text, context): string => {
    try {
      parseEndpoints(text);
    } catch (error) {
      context.addIssue({ code: 'custom', message: reasonOf(error) });
    }
    return text;
  });

export const settings = {
  ETCD2BASE: setting(endpoints(), {
    help: "Kubernetes' etcd (v2 API): one URL, or the members of one cluster separated by commas.",
    default: 'http://127.0.0.1:2379',
    // A URL may hold a password.
    secret: true,
    example: 'https://10.0.0.1:2379,https://10.0.0.2:2379',
  }),
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_REDIS_TIMEOUT_MS: sharedSettings.FLOTILLA_REDIS_TIMEOUT_MS,
  FLOTILLA_FLEETS: sharedSettings.FLOTILLA_FLEETS,
  FLOTILLA_KEY: sharedSettings.FLOTILLA_KEY,
  FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  FLOTILLA_ETCD_PREFIX: setting(kinds.text(), {
    help: 'Where Kubernetes keeps its objects in etcd.',
    default: '/registry',
  }),
  FLOTILLA_ETCD_USER: setting(kinds.text(), { help: 'The user for etcd, where it wants one.', optional: true }),
  FLOTILLA_ETCD_PASSWORD: setting(kinds.text(), {
    help: 'The password of FLOTILLA_ETCD_USER.',
    optional: true,
    secret: true,
  }),
  FLOTILLA_ETCD_CA_FILE: optionalFile("A PEM file with the authority that signed etcd's certificates."),
  FLOTILLA_ETCD_CERT_FILE: optionalFile('A PEM file with the client certificate for etcd.'),
  FLOTILLA_ETCD_KEY_FILE: optionalFile('A PEM file with the key of the client certificate for etcd.'),
  FLOTILLA_LEASE_MS: setting(kinds.integer(500, 600_000), {
    help: 'How long, in milliseconds, another watcher waits before it takes over from one that died.',
    default: '5000',
  }),
  FLOTILLA_GRACE_MS: setting(kinds.integer(0, 2_592_000_000), {
    help:
      'How long, in milliseconds, a deleted certificate or key serves on, and all services when their configmap is ' +
      'deleted: deleting and creating again is how many people change an object.',
    default: '3600000',
  }),
  FLOTILLA_HTTP: httpSetting(9101),
  FLOTILLA_LOG_LEVEL: sharedSettings.FLOTILLA_LOG_LEVEL,
} as const;

export type WatcherConfig = Loaded<typeof settings>;

/** With more fleets than this one stream over all configmaps is cheaper than two for each fleet. */
const fleetsFollowedApart = 16;

/** What to follow, and how to get at it. Throws `ConfigError` for a file that cannot be read. */
export function etcd2Options(config: WatcherConfig): Omit<Etcd2Options, 'onEvent'> {
  const { FLOTILLA_ETCD_USER: username, FLOTILLA_ETCD_PASSWORD: password } = config;
  const ca = fileOf(config, 'FLOTILLA_ETCD_CA_FILE');
  const cert = fileOf(config, 'FLOTILLA_ETCD_CERT_FILE');
  const key = fileOf(config, 'FLOTILLA_ETCD_KEY_FILE');
  return {
    endpoints: config.ETCD2BASE,
    prefix: config.FLOTILLA_ETCD_PREFIX,
    resources: followed(config.FLOTILLA_FLEETS),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) },
  };
}

/** All endpoints, but only the fleets' own configmaps and secrets: nobody else's are read. */
export function followed(fleets: readonly FleetName[]): string[] {
  const isApart = fleets.length <= fleetsFollowedApart;
  const { resources, objects } = objectsRead(fleets);
  const subtrees = objects.map(({ resource, namespace }) => (isApart ? `${resource}/${namespace}` : resource));
  return [...new Set([...resources, ...subtrees])];
}

function fileOf(
  config: WatcherConfig,
  name: 'FLOTILLA_ETCD_CA_FILE' | 'FLOTILLA_ETCD_CERT_FILE' | 'FLOTILLA_ETCD_KEY_FILE',
): string | undefined {
  const path = config[name];
  if (path === undefined) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`${name} "${path}" cannot be read: ${reasonOf(error)}`]);
  }
}
