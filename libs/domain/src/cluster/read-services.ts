import type { Problem } from '../problem.ts';
import { parseServiceEntry } from '../service-entry.ts';
import { type Entry, type Verdict, badName, dataOf, unusable } from './verdict.ts';

/** Reads the configmap `services`: each key a service entry. `data: {}` means no services; no `data` is a mistake. */
export function readServices(object: string, text: string | undefined): Verdict {
  const read = dataOf(object, text);
  if (read.kind !== 'data') return unusable(read);
  const good = new Map<string, Entry>();
  const kept = new Set<string>();
  const problems: Problem[] = [];
  for (const [key, value] of Object.entries(read.data)) {
    const named = badName(object, key);
    const parsed = named ? undefined : parseServiceEntry(key, value);
    if (named) problems.push(named);
    else if (parsed?.ok) good.set(key, [parsed.entry.text]);
    else if (parsed) {
      kept.add(key);
      problems.push({ object, key, code: 'bad-service', reason: parsed.reason });
    }
  }
  return { good, kept, problems };
}
