import type { ConfigModel } from './config.ts';
import type { Line } from './line.ts';
import type { Section } from './section.ts';
import { noOptions, readServer, withDefaults, type OptionSet, type Server } from './server.ts';

/**
 * The `defaults` a section stands under, nearest first: the one it names with `from`, else the last one before it; and
 * the one that one names (configuration manual, 4 "Proxies").
 */
export function defaultsOf(model: ConfigModel, section: Section): readonly Section[] {
  const chain: Section[] = [];
  let from = section.from;
  let next = from === undefined ? lastDefaultsBefore(model, section) : namedDefaults(model, from);
  while (next && !chain.includes(next)) {
    chain.push(next);
    from = next.from;
    next = from === undefined ? undefined : namedDefaults(model, from);
  }
  return chain;
}

const namedDefaults = (model: ConfigModel, name: string): Section | undefined =>
  defaultsIndex(model).all.find((section) => section.name === name);

const lastDefaultsBefore = (model: ConfigModel, section: Section): Section | undefined =>
  defaultsIndex(model).before.get(section);

/** Where the `defaults` a section stands under are among all of the model. */
export const defaultsPlaces = (model: ConfigModel, section: Section): readonly number[] =>
  defaultsOf(model, section).map((defaults) => defaultsIndex(model).all.indexOf(defaults));

interface DefaultsIndex {
  readonly all: readonly Section[];
  readonly before: ReadonlyMap<Section, Section>;
}

const indexes = new WeakMap<ConfigModel, DefaultsIndex>();

function defaultsIndex(model: ConfigModel): DefaultsIndex {
  const known = indexes.get(model);
  if (known) return known;
  const all: Section[] = [];
  const before = new Map<Section, Section>();
  for (const section of model.sections) {
    const last = all.at(-1);
    if (last) before.set(section, last);
    if (section.kind === 'defaults') all.push(section);
  }
  const index = { all, before };
  indexes.set(model, index);
  return index;
}

/** The last line of this keyword in the section, else in its defaults. */
export function lineInForce(section: Section, defaults: readonly Section[], keyword: string): Line | undefined {
  for (const place of [section, ...defaults]) {
    const line = place.rules.findLast((candidate) => candidate.keyword === keyword);
    if (line) return line;
  }
  return undefined;
}

/** What `default-server` lines of the `defaults` chain say, the farthest first. */
export const inheritedOptions = (defaults: readonly Section[]): OptionSet =>
  [...defaults].reverse().reduce((options, section) => addDefaultServers(options, section.rules), noOptions);

/** Adds every `default-server` line among these. */
export function addDefaultServers(options: OptionSet, lines: readonly Line[]): OptionSet {
  return lines.reduce(
    (current, line) => (line.keyword === 'default-server' ? withDefaults(current, line) : current),
    options,
  );
}

/** All servers of a backend or listen section; `default-server` counts for the lines below it. */
export function serversOf(section: Section, defaults: readonly Section[]): Server[] {
  let options = inheritedOptions(defaults);
  const servers: Server[] = [];
  for (const line of section.lines) {
    if (line.keyword === 'default-server') options = withDefaults(options, line);
    else if (line.isServer) servers.push(readServer(line, options));
  }
  return servers;
}

export type Balance =
  | { readonly kind: 'dynamic'; readonly hashed: boolean }
  /** No server can be added: `why` says so in the manual's words. */
  | { readonly kind: 'static'; readonly line: Line | undefined; readonly why: string };

const dynamic: ReadonlySet<string> = new Set(['roundrobin', 'leastconn']);
const hashing = /^(?:source|uri|url_param|hdr|hash|rdp-cookie)\b/;

/**
 * Whether servers can come and go (configuration manual, 4.2 "balance", "hash-type"; management guide, "add server").
 * `first` would take them, but it prefers the lowest id, and a server added at runtime gets the lowest free one instead
 * of the one of its place in the file.
 */
export function balanceOf(section: Section, defaults: readonly Section[]): Balance {
  const mode = lineInForce(section, defaults, 'mode')?.words[1]?.text ?? 'tcp';
  if (mode !== 'http' && mode !== 'tcp')
    return { kind: 'static', line: undefined, why: `servers of mode ${mode} cannot be added at runtime` };
  const line = lineInForce(section, defaults, 'balance');
  const algorithm = line?.words[1]?.text ?? 'roundrobin';
  if (dynamic.has(algorithm)) return { kind: 'dynamic', hashed: false };
  if (/^random\b/.test(algorithm)) return { kind: 'dynamic', hashed: true };
  const consistent = lineInForce(section, defaults, 'hash-type')?.words[1]?.text === 'consistent';
  if (hashing.test(algorithm) && consistent) return { kind: 'dynamic', hashed: true };
  const why =
    algorithm === 'first'
      ? 'balance first takes servers by their place in the file, which a server added at runtime does not get'
      : `balance ${algorithm}${hashing.test(algorithm) ? ' without "hash-type consistent"' : ''} is static`;
  return { kind: 'static', line, why };
}

/** Servers get cookies made of their addresses (configuration manual, 4.2 "cookie", "dynamic-cookie-key"). */
export const hasDynamicCookies = (section: Section, defaults: readonly Section[]): boolean =>
  lineInForce(section, defaults, 'cookie')?.words.some(({ text }) => text === 'dynamic') ?? false;

/** Clients stay with a server by cookie or stick table. */
export const isPersistent = (section: Section, defaults: readonly Section[]): boolean =>
  [section, ...defaults].some((place) =>
    place.rules.some(({ keyword }) => keyword === 'cookie' || keyword === 'stick' || keyword === 'dynamic-cookie-key'),
  );

/** Nothing goes through it, and HAProxy sets nothing of its servers (configuration manual, 4.2 "disabled", "enabled"). */
export function isDisabled(section: Section, defaults: readonly Section[]): boolean {
  for (const place of [section, ...defaults]) {
    const said = place.rules.findLast(({ keyword }) => keyword === 'disabled' || keyword === 'enabled');
    if (said) return said.keyword === 'disabled';
  }
  return false;
}
