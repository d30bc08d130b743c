import type { CertificatePair } from '../certificate.ts';
import { certificateNameFault } from '../data-key.ts';
import { type InputField, inputField } from '../inputs.ts';
import { type Labels, matches } from '../selector.ts';
import { type ServiceEntry, parseServiceEntry } from '../service-entry.ts';
import type { Selecting } from './service-index.ts';
import { type Verdict, keeps } from './verdict.ts';

/** The usable pair of that name among the fields. */
export function pairIn(fields: ReadonlyMap<InputField, string>, name: string): CertificatePair | undefined {
  const [certificate, key] = [fields.get(inputField('certificate', name)), fields.get(inputField('key', name))];
  const isUsable = certificate !== undefined && key !== undefined && certificateNameFault(name) === undefined;
  return isUsable ? { certificate, key } : undefined;
}

/** The usable service entry of that name among the fields. */
export function entryIn(fields: ReadonlyMap<InputField, string>, name: string): ServiceEntry | undefined {
  const parsed = parseServiceEntry(name, fields.get(inputField('service', name)));
  return parsed.ok ? parsed.entry : undefined;
}

/** Changes every entry that is good or gone; one that is kept is left as it is. */
export function applyVerdict<Value>(
  verdict: Verdict<Value>,
  current: readonly string[],
  change: (name: string, value: Value | undefined) => void,
): void {
  for (const name of current) {
    if (!verdict.good.has(name) && !keeps(verdict, name)) change(name, undefined);
  }
  for (const [name, value] of verdict.good) change(name, value);
}

export function mark(names: Set<string>, name: string, value: unknown): void {
  if (value === undefined) names.delete(name);
  else names.add(name);
}

export const sameSelection = (a: Selecting, b: Selecting): boolean =>
  a.namespace === b.namespace && samePairs(a.selector, b.selector);

/** Two sets of pairs are the same when each matches the other. */
const samePairs = (a: Labels, b: Labels): boolean => matches(a, b) && matches(b, a);
