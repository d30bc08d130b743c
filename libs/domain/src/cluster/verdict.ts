import { isDataKey } from '../data-key.ts';
import { type JsonObject, isJsonObject, parseJsonObject } from '../json.ts';
import type { Problem } from '../problem.ts';

/** An entry's texts, one for each part that its projection makes. */
export type Entry = readonly string[];

/**
 * What objects of a fleet say about their entries.
 *
 * - `good`: entries to use from now on.
 * - `kept`: entries that are there but cannot be used; the last good value of each stays.
 * - Any other entry is gone.
 */
export interface Verdict {
  readonly good: ReadonlyMap<string, Entry>;
  /**
   * `all`: the object itself cannot be read, so every entry keeps its last good value. `missing`: it is not there, or
   * has no data; every entry stays for a while.
   */
  readonly kept: ReadonlySet<string> | 'all' | 'missing';
  readonly problems: readonly Problem[];
}

export const keeps = (verdict: Verdict, name: string): boolean =>
  typeof verdict.kept === 'string' || verdict.kept.has(name);

export const unreadable = (...problems: Problem[]): Verdict => ({ good: new Map(), kept: 'all', problems });

/** An object that cannot be used: entries of one that is there stay as long as it is so, of one that is gone a while. */
export const unusable = ({ kind, problem }: Exclude<ObjectData, { kind: 'data' }>): Verdict => ({
  ...unreadable(problem),
  kept: kind === 'absent' ? 'missing' : 'all',
});

/** The `data` of a configmap or secret; `absent` when the object or its data is not there. */
export type ObjectData =
  | { readonly kind: 'data'; readonly data: JsonObject }
  | { readonly kind: 'absent'; readonly problem: Problem }
  | { readonly kind: 'bad'; readonly problem: Problem };

export function dataOf(object: string, text: string | undefined): ObjectData {
  if (text === undefined) return { kind: 'absent', problem: { object, code: 'missing', reason: 'it does not exist' } };
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return { kind: 'bad', problem: { object, code: 'not-json', reason: parsed.reason } };
  const { data } = parsed.value;
  if (data === undefined || data === null) {
    return { kind: 'absent', problem: { object, code: 'missing', reason: 'it has no "data"' } };
  }
  if (!isJsonObject(data))
    return { kind: 'bad', problem: { object, code: 'bad-object', reason: '"data" is no object' } };
  return { kind: 'data', data };
}

export const badNameReason = 'the name may hold only letters, digits, "-", "_" and "." and not begin with ".."';

/** The problem of a name that is no data key. It is never written anywhere, and nothing of its kind is kept. */
export const badName = (object: string, key: string): Problem | undefined =>
  isDataKey(key) ? undefined : { object, key, code: 'bad-name', reason: badNameReason };
