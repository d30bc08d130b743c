import type { Etcd2Event } from './events.ts';
import { type Etcd2Endpoint, basicAuth, parseEndpoints } from './endpoint.ts';

export interface Etcd2Options {
  /** ETCD2BASE: one URL or several separated by commas, or a list. They form one cluster. */
  readonly endpoints: string | readonly string[];
  /** Where Kubernetes keeps its objects; default `/registry`. */
  readonly prefix?: string;
  /**
   * The subtrees to follow, below the prefix, such as `pods`. A narrower one, such as `secrets/lb`, keeps everybody
   * else's secrets on the server. None may lie inside another.
   */
  readonly resources: readonly string[];
  /** Whether the object at `<resource>/<namespace>/<name>` is of interest; others are dropped while they are read. */
  readonly wants?: (path: string) => boolean;
  /** HTTP basic auth, where the endpoint's URL has none. */
  readonly username?: string;
  readonly password?: string;
  /** PEM texts. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** How long an answer may take to begin, or to pause; default 10,000. */
  readonly requestTimeoutMs?: number;
  /** How often the store's index and silent streams are checked; default 5,000. */
  readonly probeIntervalMs?: number;
  /** How long a proven-silent stream may lag behind the store before it is given up; default 1,000. */
  readonly stallGraceMs?: number;
  /** Longest pause between two attempts; default 5,000. */
  readonly maxBackoffMs?: number;
  /** Told of everything worth a log line. Must not throw. */
  readonly onEvent?: (event: Etcd2Event) => void;
}

/** The options, complete and checked. */
export interface Etcd2Settings {
  readonly endpoints: readonly Etcd2Endpoint[];
  readonly prefix: string;
  readonly resources: readonly string[];
  readonly wants: (path: string) => boolean;
  readonly tls: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly requestTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly stallGraceMs: number;
  readonly maxBackoffMs: number;
  readonly tell: (event: Etcd2Event) => void;
}

/** Throws `EndpointError` for unusable endpoints and `TypeError` for subtrees that overlap. */
export function settingsOf(options: Etcd2Options): Etcd2Settings {
  const { endpoints, username, password = '' } = options;
  const common = username === undefined ? undefined : basicAuth(username, password);
  const resources = options.resources.map(trimSlashes);
  checkResources(resources);
  return {
    endpoints: parseEndpoints(typeof endpoints === 'string' ? endpoints : endpoints.join(',')).map((endpoint) => ({
      ...endpoint,
      authorization: endpoint.authorization ?? common,
    })),
    prefix: `/${trimSlashes(options.prefix ?? '/registry')}`.replace(/^\/$/, ''),
    resources,
    wants: options.wants ?? (() => true),
    tls: options.tls ?? {},
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    probeIntervalMs: options.probeIntervalMs ?? 5_000,
    stallGraceMs: options.stallGraceMs ?? 1_000,
    maxBackoffMs: options.maxBackoffMs ?? 5_000,
    tell: options.onEvent ?? (() => undefined),
  };
}

function checkResources(resources: readonly string[]): void {
  if (resources.length === 0) throw new TypeError('no subtree to follow');
  for (const [position, one] of resources.entries()) {
    if (one === '') throw new TypeError('a subtree to follow is empty');
    for (const [other, two] of resources.entries()) {
      if (position !== other && `${one}/`.startsWith(`${two}/`)) {
        throw new TypeError(`the subtree ${one} lies inside ${two}: follow one of them`);
      }
    }
  }
}

const trimSlashes = (text: string): string => text.replace(/^\/+|\/+$/g, '');
