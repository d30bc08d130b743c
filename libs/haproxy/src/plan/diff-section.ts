import type { Line } from '../model/line.ts';
import { addDefaultServers, inheritedOptions, isDisabled } from '../model/proxy.ts';
import type { Section } from '../model/section.ts';
import { readServer, withDefaults, type OptionSet } from '../model/server.ts';
import type { ConfigModel } from '../model/config.ts';
import { diffServers, type PlacedServer, type ProxyChange } from './diff-servers.ts';
import { forces, merge, nothing, type Findings } from './findings.ts';
import { renumbering } from './numbering.ts';

/** The lines that differ, between what both sections share at their ends. */
export interface ChangedLines {
  readonly head: number;
  readonly before: readonly Line[];
  readonly after: readonly Line[];
}

export function changedLines(running: Section, wanted: Section): ChangedLines {
  const a = running.lines;
  const b = wanted.lines;
  const same = (x: Line | undefined, y: Line | undefined) => x === y || x?.text === y?.text;
  const shorter = Math.min(a.length, b.length);
  let head = 0;
  while (head < shorter && same(a[head], b[head])) head++;
  let tail = 0;
  while (tail < shorter - head && same(a[a.length - 1 - tail], b[b.length - 1 - tail])) tail++;
  return { head, before: a.slice(head, a.length - tail), after: b.slice(head, b.length - tail) };
}

/** A section other than a backend: any line that says something else forces a reload. */
export function diffRules(
  running: ConfigModel,
  wanted: ConfigModel,
  old: Section,
  section: Section,
  { before, after }: ChangedLines,
): Findings {
  const meaning = (lines: readonly Line[]) => lines.filter((line) => !line.isBlank);
  return firstDifference(meaning(before), meaning(after), running, wanted, old, section);
}

/** A backend: its servers may change, its other lines may not. */
export function diffProxy(change: ProxyChange, changed: ChangedLines): Findings {
  const { running, wanted, runningSection: old, section } = change;
  const rules = (lines: readonly Line[]) => lines.filter((line) => !line.isBlank && !line.isServer);
  const different = firstDifference(rules(changed.before), rules(changed.after), running, wanted, old, section);
  if (different.forced.length > 0) return different;

  if (isDisabled(section, change.defaults) && !isCounted(wanted, section)) return nothing;
  const inherited = inheritedOptions(change.defaults);
  // Both sections are the same up to the changed lines.
  const options = addDefaultServers(inherited, section.lines.slice(0, changed.head));
  const before = readServers(changed.before, options);
  const after = readServers(changed.after, options);
  const twice = before.twice ?? after.twice;
  if (twice)
    return forces({ kind: 'line', model: wanted, section, line: twice, why: 'two servers of a backend have one name' });
  const numbers = renumbering(change, changed);
  return merge([numbers.forced, diffServers(change, before.servers, after.servers, numbers.ids)]);
}

/** Servers of it are named elsewhere, or counted, as by `nbsrv(…)`. */
const isCounted = ({ text }: ConfigModel, { name }: Section): boolean =>
  text.includes(`(${name}`) || text.includes(`${name}/`);

function readServers(
  lines: readonly Line[],
  base: OptionSet,
): { servers: ReadonlyMap<string, PlacedServer>; twice: Line | undefined } {
  const servers = new Map<string, PlacedServer>();
  let options = base;
  let twice: Line | undefined;
  for (const line of lines) {
    if (line.keyword === 'default-server') options = withDefaults(options, line);
    if (!line.isServer) continue;
    if (servers.has(line.serverName)) twice ??= line;
    servers.set(line.serverName, { server: readServer(line, options), line });
  }
  return { servers, twice };
}

function firstDifference(
  before: readonly Line[],
  after: readonly Line[],
  running: ConfigModel,
  wanted: ConfigModel,
  old: Section,
  section: Section,
): Findings {
  const at = after.findIndex((line, index) => line.signature !== before[index]?.signature);
  const line = after[at];
  if (line) {
    const why = before.length < after.length ? 'this line is new' : 'this line changed';
    return forces({ kind: 'line', model: wanted, section, line, why });
  }
  const lost = before[after.length];
  return lost ? forces({ kind: 'line', model: running, section: old, line: lost, why: 'this line is gone' }) : nothing;
}
