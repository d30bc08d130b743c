import type { Problem } from '../problem.ts';
import { type Entry, type Verdict, badName, dataOf, unusable } from './verdict.ts';

/** Reads the configmap `config`: the key `template`, which must be there, and further files. */
export function readConfig(object: string, text: string | undefined): Verdict {
  const read = dataOf(object, text);
  if (read.kind !== 'data') return unusable(read);
  const good = new Map<string, Entry>();
  const kept = new Set<string>();
  const problems: Problem[] = [];
  const setAside = (key: string, reason: string): void => {
    kept.add(key);
    problems.push({ object, key, code: key === templateKey ? 'bad-template' : 'bad-object', reason });
  };
  for (const [key, value] of Object.entries(read.data)) {
    const named = badName(object, key);
    if (named) problems.push(named);
    else if (typeof value !== 'string') setAside(key, 'the value is not a string');
    else if (key === templateKey && value.trim() === '') setAside(key, 'it is empty');
    else good.set(key, [value]);
  }
  if (!Object.hasOwn(read.data, templateKey)) {
    kept.add(templateKey);
    problems.push({ object, key: templateKey, code: 'missing', reason: 'it does not exist' });
  }
  return { good, kept, problems };
}

const templateKey = 'template';
