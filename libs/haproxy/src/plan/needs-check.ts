import type { ConfigModel } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import type { Section } from '../model/section.ts';
import { parseServerAddress } from '../model/server.ts';
import { unreadableSection } from '../model/config.ts';
import { changedLines } from './diff-section.ts';
import { changedSections } from './diff-config.ts';

/**
 * Whether `haproxy -c` has to run on a configuration before traffic may depend on it.
 *
 * It need not when the only change is that servers come, go, move or get another address in backends that were checked,
 * and every new line has the shape of a line that was checked in the same backend. That is safe because HAProxy reads a
 * server line word by word, and none of its words means anything else in another line of the same backend: the keywords,
 * the `default-server` and `defaults` above, the files they load and the mode they need are those of the checked line. The
 * only things a checked line does not vouch for are the values that differ, and each is held to a form here that HAProxy
 * accepts: a literal address and port (nothing to resolve), a name of its alphabet that no other server of the backend
 * has, a weight from 0 to 256, an id that is positive and unique, a cookie of plain characters. A server that goes could
 * still be named elsewhere (`use-server`, `track`, `srv_is_up`), so its name must not appear in any other line. And the
 * file's last line must be ended, and no changed line may hold a control character: HAProxy refuses both.
 * The check still runs, after traffic; this only decides that nobody waits for it.
 */
export function needsCheck(running: ConfigModel, wanted: ConfigModel): boolean {
  if (running.text === wanted.text) return false;
  if (unreadableSection(running) || unreadableSection(wanted) || !wanted.text.endsWith('\n')) return true;
  const { before, after } = changedSections(running, wanted);
  if (before.length !== after.length) return true;
  const gone = new Map<string, ReadonlySet<string>>();
  const unchecked = after.some((section, at) => {
    const old = before[at];
    if (old?.key !== section.key || old.from !== section.from) return true;
    return section.text !== old.text && sectionNeedsCheck(old, section, gone);
  });
  return unchecked || (gone.size > 0 && isNamedAnywhere(wanted.text, gone));
}

/** Servers that go, and that nothing of their own section names, are put into `gone`. */
function sectionNeedsCheck(old: Section, section: Section, gone: Map<string, ReadonlySet<string>>): boolean {
  if (!section.isProxy) return true;
  const changed = changedLines(old, section);
  if ([...changed.before, ...changed.after].some((line) => !line.isServer && !line.isBlank)) return true;
  if (changed.after.some(({ text }) => controlCharacter.test(text))) return true;
  const known = new Set(changed.before.map((line) => line.text));
  const added = changed.after.filter((line) => line.isServer && !known.has(line.text));
  if (section.rules.some(({ keyword }) => keyword === 'server-template' || keyword === 'use-server')) return true;

  const needed = new Set(added.map(reducedShape));
  if (needed.has(undefined) || !areChecked(needed, old, changed.head)) return true;
  if (!uniqueNames(section) || !uniqueIds(section)) return true;
  const names = new Set(changed.after.map((line) => line.serverName));
  const left = changed.before.filter((line) => line.isServer && !names.has(line.serverName));
  if (left.length === 0) return false;
  const leftNames = new Set(left.map((line) => line.serverName));
  // Others could stand elsewhere in a spelling that is not looked for.
  if (![section.name, ...leftNames].every((name) => namePattern.test(name))) return true;
  gone.set(section.name, leftNames);
  return areNamedInside(section, leftNames);
}

const controlCharacter = /[\0-\x08\x0b-\x1f\x7f]/;

/** `default-server` counts for the lines below it only: looks at the checked lines that stand under the same ones. */
function areChecked(needed: Set<string | undefined>, old: Section, head: number): boolean {
  const isDefault = (line: Line) => line.keyword === 'default-server';
  const from = old.lines.slice(0, head).findLastIndex(isDefault) + 1;
  for (let at = from; needed.size > 0; at++) {
    const line = old.lines[at];
    if (!line || (at >= head && isDefault(line))) return false;
    if (line.isServer) needed.delete(reducedShape(line));
  }
  return true;
}

const namePattern = /^[A-Za-z0-9_.:-]{1,256}$/;

/** Values a line may have of its own, and the form that HAProxy accepts. */
const own = new Map<string, (value: string) => boolean>([
  ['weight', (value) => /^\d{1,3}$/.test(value) && Number(value) <= 256],
  ['id', (value) => /^[1-9]\d{0,8}$/.test(value)],
  ['cookie', (value) => /^[A-Za-z0-9_.-]{1,256}$/.test(value)],
  // No two of the whole file may have the same.
  ['guid', () => false],
]);

/**
 * A server line without what may differ between lines of one shape: name, address (its family stays), weight, id,
 * cookie. Undefined when one of those has no form that HAProxy accepts for certain.
 */
export function reducedShape(line: Line): string | undefined {
  if (line.opaque) return undefined;
  const [, name, address, ...rest] = line.words.map((word) => word.text);
  const literal = parseServerAddress(address ?? '');
  if (!literal || !namePattern.test(name ?? '')) return undefined;
  const shape = [`ipv${literal.family}`];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at] ?? '';
    shape.push(word);
    const accepts = own.get(word);
    if (!accepts) continue;
    if (!accepts(rest[++at] ?? '')) return undefined;
    shape.push('');
  }
  return shape.join('\0');
}

function uniqueNames(section: Section): boolean {
  const servers = section.lines.filter((line) => line.isServer);
  return new Set(servers.map((line) => line.serverName)).size === servers.length;
}

function uniqueIds(section: Section): boolean {
  if (!/[ \t]id[ \t]/.test(section.text)) return true;
  const ids = section.lines.flatMap((line) => {
    const id = line.isServer ? /[ \t]id[ \t]+(\d+)/.exec(line.text)?.[1] : undefined;
    return id === undefined ? [] : [Number(id)];
  });
  return new Set(ids).size === ids.length;
}

const separators = /[^A-Za-z0-9_.:-]+/;

/** One of the names as a part of any rule of its own section, or of a server line that tracks another. */
function areNamedInside(section: Section, names: ReadonlySet<string>): boolean {
  const says = (line: Line) => line.text.split(separators).some((part) => names.has(part));
  if (section.rules.some(says)) return true;
  return section.text.includes('track') && section.lines.some((line) => line.text.includes('track') && says(line));
}

/** The longest name that is looked at; `namePattern` allows no longer one. */
const longestName = 256;

/** One of them as `backend/server` anywhere in the file, which is searched once for all. */
function isNamedAnywhere(text: string, gone: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  for (let slash = text.indexOf('/'); slash >= 0; slash = text.indexOf('/', slash + 1)) {
    const backend =
      text
        .slice(Math.max(0, slash - longestName), slash)
        .split(separators)
        .at(-1) ?? '';
    const servers = gone.get(backend);
    if (servers?.has(text.slice(slash + 1, slash + 1 + longestName).split(separators, 1)[0] ?? '')) return true;
  }
  return false;
}
