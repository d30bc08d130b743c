import { defaultsOf } from '../model/proxy.ts';
import { idsAtStart, numberingOf } from '../model/server-ids.ts';
import type { ChangedLines } from './diff-section.ts';
import type { ProxyChange } from './diff-servers.ts';
import { forces, nothing, type Findings } from './findings.ts';

export interface Renumbering {
  /** A reload, where servers that stay would be other ones for hashing or stick tables after a start. */
  readonly forced: Findings;
  /** What servers that are added are to have, by their names. */
  readonly ids: ReadonlyMap<string, number>;
}

const none: Renumbering = { forced: nothing, ids: new Map() };

/**
 * Two nodes must send a key to the same server, whichever way they came to the version. So where that depends on
 * numbers, HAProxy has those of a start after each change: added servers get them, and a server that stays must keep its
 * own. All the same the change is made at runtime first, because a server that is gone serves nobody.
 */
export function renumbering(change: ProxyChange, { before, after }: ChangedLines): Renumbering {
  const numbering = numberingOf(change.section, change.defaults, change.wanted);
  if (!numbering || ![...before, ...after].some((line) => line.isServer)) return none;
  const was = idsAtStart(change.runningSection, defaultsOf(change.running, change.runningSection));
  const now = idsAtStart(change.section, change.defaults);
  const moved = (why: string): Renumbering => ({
    forced: forces({
      kind: 'line',
      model: change.wanted,
      section: change.section,
      line: after.find((line) => line.isServer),
      why,
      serves: true,
    }),
    ids: new Map(),
  });
  if (numbering.kind === 'order') {
    const order = (names: ReadonlyMap<string, number> | undefined, others: typeof names): string =>
      [...(names?.keys() ?? [])].filter((name) => others?.has(name)).join(' ');
    return was && now && order(was, now) === order(now, was)
      ? none
      : moved(`the order of the servers changed, and ${numbering.by} goes by it`);
  }
  if (!was || !now) return moved(`only HAProxy knows the ids of these servers, and ${numbering.by} goes by them`);
  const taken = new Set(was.values());
  for (const [name, id] of now)
    if (was.has(name) ? was.get(name) !== id : taken.has(id))
      return moved(`${name} gets the id ${id} at a start, and ${numbering.by} goes by ids`);
  return { forced: nothing, ids: now };
}
