import { isIP } from 'node:net';
import { type ConfigModel, lineNumberOf } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import { defaultsOf, isDisabled } from '../model/proxy.ts';
import type { Section } from '../model/section.ts';

/** One address that HAProxy listens on, and what the line says about it. */
export interface Bind {
  /** As it stands there: `:80`, `*:80`, `10.0.0.1:80-90`, `[::]:443`, `ipv4@10.0.0.1:80`, `/run/x.sock`. */
  readonly address: string;
  readonly endpoints: readonly Endpoint[];
  /** Words of the line that say how the address is bound, values included. */
  readonly options: readonly string[];
  readonly section: Section;
  readonly line: Line;
}

export type Endpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly v6only: boolean }
  | { readonly kind: 'unix'; readonly path: string };

/** Words that count when the socket is bound, and how many values they have (configuration manual, 5.1). */
const bindOptions: ReadonlyMap<string, number> = new Map([
  ...['interface', 'mode', 'uid', 'user', 'gid', 'group', 'namespace'].map((word): [string, number] => [word, 1]),
  ...['transparent', 'v4v6', 'v6only'].map((word): [string, number] => [word, 0]),
]);

/** The most ports looked at of a range. */
const maxPorts = 1_000;

/**
 * Where a configuration listens, by its lines in force. Addresses that cannot be read here (datagrams, descriptors of a
 * parent, variables that are left) are not among them.
 */
export const bindsOf = (config: ConfigModel): Bind[] =>
  config.sections.flatMap((section) => {
    const at = bindPlaces(config, section);
    return at ? section.rules.flatMap((line) => bindsOfLine(section, line, at)) : [];
  });

/** The words before the address, in sections that listen. */
function bindPlaces(config: ConfigModel, section: Section): readonly string[] | undefined {
  switch (section.kind) {
    case 'frontend':
    case 'listen':
      return isDisabled(section, defaultsOf(config, section)) ? undefined : ['bind'];
    case 'peers':
    case 'log-forward':
      return ['bind'];
    case 'global':
      return ['stats', 'socket'];
    default:
      return undefined;
  }
}

function bindsOfLine(section: Section, line: Line, keywords: readonly string[]): Bind[] {
  if (line.opaque || !keywords.every((keyword, at) => line.words[at]?.text === keyword)) return [];
  const [addresses = '', ...rest] = line.words.slice(keywords.length).map(({ text }) => text);
  const options = rest.flatMap((word, at) => {
    const values = bindOptions.get(word);
    return values === undefined ? [] : rest.slice(at, at + 1 + values);
  });
  return addresses.split(',').flatMap((address) => {
    const endpoints = endpointsOf(address, options.includes('v6only'));
    return endpoints.length === 0 ? [] : [{ address, endpoints, options, section, line }];
  });
}

/** For messages: `haproxy.cfg:12: frontend web`. */
export function placeOf(config: ConfigModel, { section, line }: Bind): string {
  const number = lineNumberOf(config, section, line);
  return `haproxy.cfg:${number ?? '?'}: ${section.kind} ${section.name}`.trimEnd();
}

export function endpointsOf(text: string, v6only = false): Endpoint[] {
  const address = text.replace(/^(?:ipv4|ipv6|tcp|tcp4|tcp6|unix)@/, '');
  if (address.startsWith('/')) return [{ kind: 'unix', path: address }];
  const match = /^(?<host>.*):(?<first>\d+)(?:-(?<last>\d+))?$/.exec(address)?.groups;
  if (!match || /^[a-z0-9+]+@/i.test(address) || address.includes('$')) return [];
  const host = hostOf((match['host'] ?? '').replace(/^\[|\]$/g, ''), text);
  const first = Number(match['first']);
  const count = Math.min(maxPorts, Number(match['last'] ?? first) - first + 1);
  return Array.from({ length: Math.max(0, count) }, (_, at) => ({ kind: 'tcp', host, port: first + at, v6only }));
}

function hostOf(host: string, text: string): string {
  if (host === '' || host === '*') return /^(?:ipv6|tcp6)@/.test(text) ? '::' : '0.0.0.0';
  return shortForm(host);
}

/** An IPv6 address as the URL parser writes it, so that the same one reads the same. */
export const shortForm = (host: string): string =>
  isIP(host) === 6 ? new URL(`http://[${host}]`).hostname.slice(1, -1) : host;

/** Clients that reach one endpoint may be answered by the other: whoever listens there too takes a part of them. */
export function covers(a: Endpoint, b: Endpoint): boolean {
  if (a.kind === 'unix' || b.kind === 'unix') return a.kind === b.kind && isSame(a, b);
  if (a.port !== b.port) return false;
  // A name may stand for any address.
  if (a.host === b.host || isIP(a.host) === 0 || isIP(b.host) === 0) return true;
  if (a.host === '0.0.0.0') return isIP(b.host) === 4;
  return a.host === '::' && (isIP(b.host) === 6 || !a.v6only);
}

export const isSame = (a: Endpoint, b: Endpoint): boolean =>
  a.kind === 'unix' || b.kind === 'unix'
    ? a.kind === b.kind && 'path' in a && 'path' in b && a.path === b.path
    : a.host === b.host && a.port === b.port;
