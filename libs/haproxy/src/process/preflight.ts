import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { ConfigModel } from '../model/config.ts';
import { setting } from '../model/file-use.ts';
import type { Section } from '../model/section.ts';

/**
 * What `haproxy -c` does not see. A reload that meets a taken port refuses new connections for two seconds before it
 * rolls back, so a port that no running bind uses yet is tried first.
 */
export interface Bind {
  /** As it stands in the configuration: `:80`, `*:80`, `10.0.0.1:80-90`, `[::]:443`, `ipv4@10.0.0.1:80`. */
  readonly address: string;
  /** For the message: where it stands. */
  readonly where: string;
}

/** The `bind` lines of a configuration. Sections that did not change are not read again. */
export const bindsOf = (config: ConfigModel): Bind[] => config.sections.flatMap(bindsOfSection);

const bindsBySection = new WeakMap<Section, readonly Bind[]>();

function bindsOfSection(section: Section): readonly Bind[] {
  if (section.kind !== 'frontend' && section.kind !== 'listen') return [];
  const known = bindsBySection.get(section);
  if (known) return known;
  const binds = section.rules
    .filter(({ keyword, opaque }) => keyword === 'bind' && !opaque)
    .map(({ words }) => ({ address: words[1]?.text ?? '', where: `${section.kind} ${section.name}` }));
  bindsBySection.set(section, binds);
  return binds;
}

interface Endpoint {
  readonly host: string | undefined;
  readonly port: number;
}

/** The most ports tried of a range. */
const maxPorts = 64;

/** What would keep the new binds from being bound, in words; undefined when nothing is known to. */
export async function takenPort(wanted: readonly Bind[], running: readonly Bind[]): Promise<string | undefined> {
  const held = new Set(running.flatMap(({ address }) => endpointsOf(address)).map(({ port }) => port));
  for (const { address, where } of wanted) {
    // A port of the running HAProxy is its own on any address: a new worker shares it with the old one.
    const fresh = endpointsOf(address).filter(({ port }) => !held.has(port));
    for (const endpoint of fresh.slice(0, maxPorts)) {
      if (await isTaken(endpoint)) return `${where}: port ${endpoint.port} is in use by another process`;
    }
  }
  return undefined;
}

/** TCP endpoints of a bind's address list; sockets, file descriptors, datagram and variable addresses give none. */
export function endpointsOf(addresses: string): Endpoint[] {
  return addresses.split(',').flatMap((text) => {
    const address = text.replace(/^(?:ipv4|ipv6|tcp|tcp4|tcp6)@/, '');
    const match = /^(?<host>.*):(?<first>\d+)(?:-(?<last>\d+))?$/.exec(address)?.groups;
    if (!match || /^[a-z0-9]+@/i.test(address) || address.startsWith('/') || address.includes('$')) return [];
    const host = (match['host'] ?? '').replace(/^\[|\]$/g, '');
    const first = Number(match['first']);
    const count = Number(match['last'] ?? first) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, at) => ({ host: hostOf(host), port: first + at }));
  });
}

const hostOf = (host: string): string | undefined => (host === '' || host === '*' ? '0.0.0.0' : host);

/** Only "in use" counts: missing rights or an address that is not there yet are for HAProxy to judge. */
function isTaken({ host, port }: Endpoint): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRINUSE');
    });
    server.listen({ host, port, exclusive: true }, () =>
      server.close(() => {
        resolve(false);
      }),
    );
  });
}

/** What a configuration needs of file descriptors. */
export interface FdDemand {
  /** `maxconn` of the global section; without one HAProxy takes what the limit allows. */
  readonly maxconn: number | undefined;
  /** `ulimit-n` of the global section: the limit HAProxy wants then, whatever it needs. */
  readonly ulimit: number | undefined;
  readonly listeners: number;
  readonly checkedServers: number;
}

export function fdDemandOf(config: ConfigModel): FdDemand {
  const proxies = config.sections.filter(({ isProxy }) => isProxy);
  return {
    maxconn: globalNumber(config, 'maxconn'),
    ulimit: globalNumber(config, 'ulimit-n'),
    listeners: bindsOf(config).length,
    // Every check has a connection of its own, and most servers of a backend are checked or none.
    checkedServers: proxies.reduce(
      (sum, { text }) => sum + count(text, /^[ \t]*server[ \t].*[ \t]check(?![-\w])/gm),
      0,
    ),
  };
}

function globalNumber(config: ConfigModel, keyword: string): number | undefined {
  const text = setting(config, keyword);
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0;

/** What HAProxy counts for itself; threads need a few more, so a budget that just fits may still be refused by it. */
const ownFds = 10;

/**
 * The limit HAProxy asks for at least: two a connection (client and server), one a listener and health check. When it
 * is not given that it ends (configuration manual, 3.1 "ulimit-n", "strict-limits"), and a reload would be spent on it.
 */
export const fdsNeeded = ({ maxconn, ulimit, listeners, checkedServers }: FdDemand): number =>
  ulimit !== undefined ? ulimit : maxconn === undefined ? 0 : 2 * maxconn + listeners + checkedServers + ownFds;

/** Why a process cannot have that many, in words; one that may raise its own limit (root) is not held to it. */
export async function fdShortage(demand: FdDemand, pid: number): Promise<string | undefined> {
  const needed = fdsNeeded(demand);
  const [limits, status] = await Promise.all(
    ['limits', 'status'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
  );
  const hard = Number(/^Max open files\s+\S+\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Infinity);
  // CAP_SYS_RESOURCE is bit 24 of the effective set (capabilities(7)).
  const capabilities = BigInt(`0x${/^CapEff:\s+([0-9a-f]+)/m.exec(status ?? '')?.[1] ?? '0'}`);
  const mayRaise = (capabilities >> 24n) % 2n === 1n;
  if (needed <= hard || mayRaise) return undefined;
  const cause = demand.ulimit === undefined ? `maxconn ${demand.maxconn}` : 'ulimit-n';
  return `${cause} needs about ${needed} file descriptors, but HAProxy's limit is ${hard}; raise it (LimitNOFILE) or lower ${cause.split(' ')[0]}`;
}
