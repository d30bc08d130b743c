import type { ConfigModel } from '../model/config.ts';
import { defaultsOf, inheritedOptions, isDisabled } from '../model/proxy.ts';
import type { Section } from '../model/section.ts';
import { readServer, weightOf, withDefaults, type ServerAddress } from '../model/server.ts';

/** What HAProxy should run for a server of the file, as far as the file alone tells. */
export interface ExpectedServer {
  readonly name: string;
  readonly section: Section;
  /** Undefined when HAProxy resolves it or it is no address and port. */
  readonly address: ServerAddress | undefined;
  /** Undefined when it cannot be read, or an agent may change it. */
  readonly weight: number | undefined;
  /** Undefined when it cannot be read. */
  readonly state: 'ready' | 'maint' | undefined;
}

/** Servers of a backend by name, and the names that `server-template` and the environment may give others. */
export interface ExpectedBackend {
  readonly section: Section;
  readonly servers: ReadonlyMap<string, ExpectedServer>;
  readonly templates: readonly RegExp[];
  /** HAProxy keeps its servers, and sets nothing of them. */
  readonly disabled: boolean;
}

interface Cached extends ExpectedBackend {
  readonly defaults: readonly Section[];
}

/** A section that did not change need not be read again, as long as its defaults did not change either. */
const cache = new WeakMap<Section, Cached>();

export function expectedBackend(model: ConfigModel, section: Section): ExpectedBackend {
  const defaults = defaultsOf(model, section);
  const known = cache.get(section);
  if (known && known.defaults.length === defaults.length && known.defaults.every((other, at) => other === defaults[at]))
    return known;
  const servers = new Map<string, ExpectedServer>();
  const templates: RegExp[] = [];
  let options = inheritedOptions(defaults);
  for (const line of section.lines) {
    if (line.keyword === 'default-server') options = withDefaults(options, line);
    if (line.keyword === 'server-template') templates.push(templateNames(line.words[1]?.text ?? ''));
    if (!line.isServer) continue;
    if (line.words[1]?.opaque) {
      templates.push(anyName);
      continue;
    }
    const server = readServer(line, options);
    const readable = server.unreadable === undefined;
    servers.set(server.name, {
      name: server.name,
      section,
      address: line.opaque ? undefined : server.address,
      weight: readable && !server.options.has('agent-check') ? weightOf(server) : undefined,
      state: !readable ? undefined : server.options.has('disabled') ? 'maint' : 'ready',
    });
  }
  const expected: Cached = { section, servers, templates, disabled: isDisabled(section, defaults), defaults };
  cache.set(section, expected);
  return expected;
}

const anyName = /^/;

/** `server-template <prefix> <num | range>` makes `<prefix><number>`. */
const templateNames = (prefix: string): RegExp => new RegExp(`^${prefix.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\d+$`);
