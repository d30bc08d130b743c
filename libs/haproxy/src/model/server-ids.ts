import type { ConfigModel } from './config.ts';
import { lineInForce, serversOf } from './proxy.ts';
import type { Section } from './section.ts';

/**
 * How a backend depends on more of its servers than their lines say: on their ids, or on their order. HAProxy numbers
 * the servers of its file at a start, and one that is added later gets a number of its own (configuration manual, 5.2
 * "id"; 4.2 "hash-type", "stick on"). `by` says what depends on it.
 */
export type Numbering = { readonly kind: 'ids' | 'order'; readonly by: string };

const hashing = /^(?:source|uri|url_param|hdr|hash|rdp-cookie)\b/;

export function numberingOf(section: Section, defaults: readonly Section[], model: ConfigModel): Numbering | undefined {
  const algorithm = lineInForce(section, defaults, 'balance')?.words[1]?.text ?? '';
  const hashType = lineInForce(section, defaults, 'hash-type')?.words[1]?.text;
  if (hashing.test(algorithm) && hashType === 'consistent') return { kind: 'ids', by: 'consistent hashing' };
  if ([section, ...defaults].some(({ rules }) => rules.some(({ keyword }) => keyword === 'stick')))
    return { kind: 'ids', by: 'its stick table' };
  if (asksForIds(model)) return { kind: 'ids', by: 'srv_id' };
  if (hashing.test(algorithm) || algorithm === 'first') return { kind: 'order', by: `balance ${algorithm}` };
  return undefined;
}

const asking = new WeakMap<ConfigModel, boolean>();

function asksForIds(model: ConfigModel): boolean {
  const asks = asking.get(model) ?? model.text.includes('srv_id');
  asking.set(model, asks);
  return asks;
}

/** The ids of a section's servers at a start by their names; undefined where only HAProxy knows them. */
export function idsAtStart(section: Section, defaults: readonly Section[]): ReadonlyMap<string, number> | undefined {
  if (section.rules.some(({ keyword }) => keyword === 'server-template')) return undefined;
  const servers = serversOf(section, defaults);
  if (servers.some(({ unreadable }) => unreadable !== undefined)) return undefined;
  const said = servers.filter(({ options }) => options.has('id')).length;
  // Where only some say theirs, the others get what is left, which versions count differently.
  if (said > 0 && said < servers.length) return undefined;
  return new Map(servers.map(({ name, options }, at) => [name, Number(options.get('id')?.[0] ?? at + 1)]));
}
