import { isIPv4, isIPv6 } from 'node:net';
import type { Line } from './line.ts';
import { serverKeywords } from './server-keywords.ts';
import type { Word } from './words.ts';

/** A literal address and port: the only kind that can be set at runtime. */
export interface ServerAddress {
  readonly family: 4 | 6;
  readonly ip: string;
  readonly port: number;
}

/** A server as HAProxy runs it: its own words on top of those of `default-server`. */
export interface Server {
  readonly name: string;
  /** Undefined for a name to resolve, a socket, a port offset, a missing port. */
  readonly address: ServerAddress | undefined;
  readonly addressText: string;
  /** Arguments by keyword, the last one said; keywords that only take something back are already applied. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  /** Why its words cannot be read as options, or undefined. */
  readonly unreadable: string | undefined;
}

/** Words of `default-server` lines in force, in their order; undefined `why` when all of them are readable. */
export interface OptionSet {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly unreadable: string | undefined;
}

export const noOptions: OptionSet = { options: new Map(), unreadable: undefined };

/** Adds the words of a `default-server` line. */
export const withDefaults = (base: OptionSet, line: Line): OptionSet => readOptions(base, line, 1);

export function readServer(line: Line, base: OptionSet): Server {
  const addressText = line.words[2]?.text ?? '';
  return {
    name: line.serverName,
    addressText,
    address: parseServerAddress(addressText),
    ...readOptions(base, line, 3),
  };
}

function readOptions(base: OptionSet, line: Line, from: number): OptionSet {
  if (line.opaque) return { options: base.options, unreadable: 'it uses the environment of the HAProxy process' };
  const options = new Map(base.options);
  let unreadable = base.unreadable;
  const words = line.words;
  for (let at = from; at < words.length;) {
    const keyword = words[at]?.text ?? '';
    const rule = serverKeywords.get(keyword);
    if (!rule) {
      unreadable ??= `"${keyword}" is not a server keyword known here`;
      // Its arguments are unknown: keep the rest as one, so that two such lines can still be compared.
      options.set(keyword, textsOf(words.slice(at + 1)));
      break;
    }
    const count = rule.args === 'source' ? sourceArguments(words, at) : rule.args;
    const args = textsOf(words.slice(at + 1, at + 1 + count));
    const blend = blendOf(options, keyword, args);
    if (blend !== undefined) unreadable ??= blend;
    if (rule.clears !== undefined) options.delete(rule.clears);
    else {
      options.delete(keyword);
      options.set(keyword, args);
    }
    at += 1 + count;
  }
  return { options, unreadable };
}

const proxyHeaders = ['send-proxy-v2', 'send-proxy-v2-ssl', 'send-proxy-v2-ssl-cn', 'proxy-v2-options'];

/**
 * Why HAProxy makes something else of what is said than the last word of it: what PROXY headers hold is a set of flags
 * that each of their keywords adds to or takes from, which versions do differently; and a `source` keeps the `usesrc`
 * and `interface` of one before it.
 */
function blendOf(options: OptionSet['options'], keyword: string, args: readonly string[]): string | undefined {
  const own = keyword.replace(/^no-/, '');
  const mixes =
    keyword === 'proxy-v2-options'
      ? (options.get(keyword) ?? args).join() !== args.join()
      : keyword === 'source'
        ? (options.get(keyword)?.length ?? 0) > 1
        : own !== keyword && proxyHeaders.includes(own) && proxyHeaders.some((one) => one !== own && options.has(one));
  return mixes ? `"${keyword}" is said on top of another that HAProxy does not forget` : undefined;
}

const textsOf = (words: readonly Word[]): string[] => words.map((word) => word.text);

/** `source <addr> [usesrc <addr> | interface <name>]` */
function sourceArguments(words: readonly Word[], at: number): number {
  const next = words[at + 2]?.text;
  return next === 'usesrc' || next === 'interface' ? 3 : 1;
}

/**
 * `10.0.0.1:80`, `[2001:db8::1]:80` or `2001:db8::1:80` (the last colon is the port's, as HAProxy reads it), also with
 * the family before it (`ipv4@10.0.0.1:80`; configuration manual, 11.1 "Address families").
 */
export function parseServerAddress(text: string): ServerAddress | undefined {
  const [prefix] = /^ipv[46]@/.exec(text) ?? [];
  const address = parseLiteral(prefix === undefined ? text : text.slice(prefix.length));
  return prefix === undefined || `ipv${address?.family}@` === prefix ? address : undefined;
}

function parseLiteral(text: string): ServerAddress | undefined {
  const colon = text.lastIndexOf(':');
  const portText = text.slice(colon + 1);
  if (colon < 1 || !/^[1-9]\d{0,4}$/.test(portText)) return undefined;
  const port = Number(portText);
  if (port > 65_535) return undefined;
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  if (isIPv4(host)) return host === '0.0.0.0' ? undefined : { family: 4, ip: host, port };
  return isIPv6(host) && host !== '::' && !host.includes('%') ? { family: 6, ip: host, port } : undefined;
}

export const formatAddress = ({ family, ip, port }: ServerAddress): string =>
  family === 4 ? `${ip}:${port}` : `[${ip}]:${port}`;

/** Equal for servers that differ in nothing but what `except` names. */
export const optionsSignature = (server: OptionSet, except: readonly string[] = []): string =>
  [...server.options]
    .filter(([keyword]) => !except.includes(keyword))
    .map(([keyword, args]) => [keyword, ...args].join('\0'))
    .sort()
    .join('\n');

/** The weight it has in the file: 1 unless given (configuration manual, 5.2 "weight"). */
export const weightOf = (server: OptionSet): number => Number(server.options.get('weight')?.[0] ?? 1);
