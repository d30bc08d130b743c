import type { MapEdit } from './operation.ts';

export interface MapEntry {
  readonly key: string;
  readonly value: string;
}

/**
 * Entries of a map file as HAProxy reads them (configuration manual, 7.3.1 "map"): a `#` in the first column makes a
 * comment, blanks around key and value go. Only space and tab are blanks: a no-break space belongs to the key.
 */
export function parseMapFile(text: string): MapEntry[] {
  return linesOf(text).map((line) => {
    const [, key = '', value = ''] = /^([^ \t]+)[ \t]*(.*?)[ \t]*$/s.exec(line) ?? [];
    return { key, value };
  });
}

/** Patterns of an `acl … -f` file: one a line, blanks inside belong to it (configuration manual, 7.1.1 "-f"). */
export const parsePatternFile = (text: string): string[] => linesOf(text);

const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    // A carriage return ends the line wherever it stands, and so does a byte of 0.
    .map((line) => line.replace(/^[ \t]+/, '').replace(/[\r\0].*$/s, ''))
    .filter((line) => line !== '');

/** Why a map cannot be sent through the socket: it takes no entry without a value. */
export function mapFault(entries: readonly MapEntry[]): string | undefined {
  const empty = entries.find(({ value }) => value === '');
  return empty ? `the key "${empty.key}" has no value, which the socket does not take` : undefined;
}

/** More edits than this are not worth it: replacing the whole is atomic. */
const maxEdits = 50;
const plain = /^[A-Za-z0-9_.:/*%@=+,-]+$/;

/**
 * Single steps from one content to the other, when they are few and leave the entries in the file's order: values
 * changed in place, entries removed, entries added at the end. Undefined otherwise.
 */
export function mapEdits(running: readonly MapEntry[], wanted: readonly MapEntry[]): MapEdit[] | undefined {
  const now = new Map(wanted.map((entry) => [entry.key, entry.value]));
  const old = new Map(running.map((entry) => [entry.key, entry.value]));
  if (now.size !== wanted.length || old.size !== running.length) return undefined;
  const kept = running.filter(({ key }) => now.has(key));
  if (kept.some(({ key }, at) => wanted[at]?.key !== key)) return undefined;
  const edits: MapEdit[] = [
    ...wanted.slice(kept.length).map(({ key, value }): MapEdit => ({ kind: 'add', key, value })),
    ...kept.flatMap(({ key, value }): MapEdit[] => {
      const next = now.get(key) ?? value;
      return next === value ? [] : [{ kind: 'set', key, value: next }];
    }),
    ...running.flatMap(({ key }): MapEdit[] => (now.has(key) ? [] : [{ kind: 'del', key }])),
  ];
  const safe = edits.every((edit) => plain.test(edit.key) && (edit.kind === 'del' || plain.test(edit.value)));
  return safe && edits.length <= maxEdits ? edits : undefined;
}
