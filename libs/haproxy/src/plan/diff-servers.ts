import type { ConfigModel } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import { balanceOf, hasDynamicCookies, isPersistent } from '../model/proxy.ts';
import type { Section } from '../model/section.ts';
import { formatAddress, optionsSignature, weightOf, type Server } from '../model/server.ts';
import type { Capabilities } from './capabilities.ts';
import { changeable, dynamicServer, leavingServer } from './dynamic-server.ts';
import { forces, merge, nothing, operations, type Findings } from './findings.ts';
import type { LeavingServer, LeavingServers, Operation, RemoveServer } from './operation.ts';
import { preparedAtStart } from './start-only.ts';

/** A server and the line it stands on. */
export interface PlacedServer {
  readonly server: Server;
  readonly line: Line;
}

export interface ProxyChange {
  readonly running: ConfigModel;
  readonly wanted: ConfigModel;
  readonly runningSection: Section;
  readonly section: Section;
  readonly defaults: readonly Section[];
  readonly can: Capabilities;
  readonly leaving: LeavingServers;
}

/**
 * Compares the servers of one backend that stand on changed lines. When one of them serves only after a reload none is
 * removed before it: the backend would be left with less than either configuration gives it.
 */
export function diffServers(
  change: ProxyChange,
  before: ReadonlyMap<string, PlacedServer>,
  after: ReadonlyMap<string, PlacedServer>,
  ids: ReadonlyMap<string, number>,
): Findings {
  const kept = [...after.values()].map((placed) => {
    const old = before.get(placed.server.name);
    return old ? changedServer(change, old.server, placed) : newServer(change, placed, ids.get(placed.server.name));
  });
  const gone = [...before.values()].filter(({ server }) => !after.has(server.name));
  const found = merge(kept);
  if (found.forced.some((forced) => forced.kind === 'file' || !forced.serves)) return found;
  return merge([found, ...gone.map((placed) => goneServer(change, placed))]);
}

const forcedBy = (change: ProxyChange, line: Line, why: string, serves?: true): Findings =>
  forces({ kind: 'line', model: change.wanted, section: change.section, line, why, ...(serves && { serves }) });

function newServer(change: ProxyChange, { server, line }: PlacedServer, id: number | undefined): Findings {
  const backend = change.section.name;
  const left = change.leaving.get(backend, server.name);
  if (left && id !== undefined)
    return forcedBy(change, line, 'a server of this name still ends its connections, with another id');
  if (left) return returningServer(change, left, { server, line });
  const prepared = preparedAtStart(change.section, change.defaults);
  if (prepared !== undefined) return forcedBy(change, line, prepared);
  const dynamic = dynamicServer(server, backend, balanceOf(change.section, change.defaults), change.can);
  if (dynamic.kind === 'impossible') return forcedBy(change, line, dynamic.why);
  const found = operations({
    ...dynamic.operation,
    ...(id === undefined || server.options.has('id') ? {} : { words: ['id', String(id), ...dynamic.operation.words] }),
    dynamicCookie: hasDynamicCookies(change.section, change.defaults),
  });
  return dynamic.flaw === undefined ? found : merge([found, forcedBy(change, line, dynamic.flaw, true)]);
}

function returningServer(change: ProxyChange, left: LeavingServer, { server, line }: PlacedServer): Findings {
  const now = leavingServer(server, left.backend);
  if (server.unreadable !== undefined || now.options !== left.options)
    return forcedBy(change, line, 'a server of this name still ends its connections, with other options');
  if (!now.address) return forcedBy(change, line, 'the address of a server that returns is no literal address');
  return operations({
    kind: 'take-back-server',
    backend: left.backend,
    server: server.name,
    ...(left.address && formatAddress(left.address) === formatAddress(now.address) ? {} : { address: now.address }),
    ...(left.weight === now.weight ? {} : { weight: now.weight }),
    agentCheck: now.agentCheck,
    disabled: server.options.has('disabled'),
  });
}

/** Only what the socket can set on a server that runs; anything else makes another server of it. */
function changedServer(change: ProxyChange, old: Server, { server, line }: PlacedServer): Findings {
  const no = (why: string) => forcedBy(change, line, why);
  const sameText = old.addressText === server.addressText;
  const everything = optionsSignature(old) === optionsSignature(server);
  const readable = server.unreadable === undefined && old.unreadable === undefined;
  if (sameText && everything && readable) return nothing;
  if (!readable) return no(server.unreadable ?? old.unreadable ?? '');
  if (!everything && optionsSignature(old, changeable) !== optionsSignature(server, changeable))
    return no(`the options of server ${server.name} changed, which cannot be done at runtime`);
  if (!change.can.addServer) return no(`HAProxy ${change.can.version} is too old to be changed at runtime`);

  const at = { backend: change.section.name, server: server.name };
  const found: Operation[] = [];
  if (!sameText) {
    if (!server.address || !old.address)
      return no(`the address "${server.addressText}" is no literal address with a port, before or after the change`);
    if (formatAddress(old.address) !== formatAddress(server.address) && server.options.has('hash-key'))
      return no('its address changed beside a hash-key, by which it was placed when it was loaded');
    if (formatAddress(old.address) !== formatAddress(server.address))
      found.push({ kind: 'set-address', ...at, address: server.address });
  }
  if (weightOf(old) !== weightOf(server)) {
    const balance = balanceOf(change.section, change.defaults);
    if (balance.kind === 'static') return no(`${balance.why}, so its weights cannot change`);
    found.push({ kind: 'set-weight', ...at, weight: weightOf(server) });
  }
  const maxconn = server.options.get('maxconn')?.[0];
  if (old.options.get('maxconn')?.[0] !== maxconn) {
    if (server.options.has('minconn')) return no('maxconn changed beside a minconn, which cannot be done at runtime');
    found.push({ kind: 'set-maxconn', ...at, maxconn: Number(maxconn ?? 0) });
  }
  const disabled = server.options.has('disabled');
  if (old.options.has('disabled') !== disabled)
    found.push({ kind: 'set-state', ...at, state: disabled ? 'maint' : 'ready' });
  return operations(...found);
}

function goneServer(change: ProxyChange, { server, line }: PlacedServer): Findings {
  const inRunning = (why: string): Findings =>
    forces({ kind: 'line', model: change.running, section: change.runningSection, line, why });
  if (!change.can.deleteServer) return inRunning(`HAProxy ${change.can.version} deletes no servers of its file`);
  if (!/^[A-Za-z0-9_.:-]+$/.test(server.name)) return inRunning(`"${server.name}" is no server name`);
  return operations(removal(server, change.section, change.defaults));
}

/**
 * How a server leaves. In `drain` it gets nothing from the balancing but still what cookies and stick tables send it, as
 * in a backend without such persistence nothing does. With it, only maintenance keeps new requests away as a
 * configuration without the server would; connections that are open go on in both. But `on-marked-down
 * shutdown-sessions` would cut them in maintenance.
 */
export function removal(server: Server, section: Section, defaults: readonly Section[]): RemoveServer {
  const cuts = server.options.has('on-marked-down');
  const via = isPersistent(section, defaults) && !cuts ? 'maint' : 'drain';
  return { kind: 'remove-server', via, ...leavingServer(server, section.name) };
}
