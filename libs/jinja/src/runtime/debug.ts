import { Dict, repr, type Runtime, type Value } from '../values/index.ts';
import type { Context } from './context.ts';

/** What `{% debug %}` of the debug extension prints: the names, filters and tests that are at hand. */
export function debugText(rt: Runtime, context: Context): string {
  const variables = new Dict();
  for (const name of new Set([...context.vars.keys(), ...context.parent.names()])) {
    variables.set(name, context.resolve(name) ?? null);
  }
  const entries: [string, Value][] = [
    ['context', variables],
    ['filters', [...rt.filters.keys()].sort()],
    ['tests', [...rt.tests.keys()].sort()],
  ];
  return `{${entries.map(([key, value]) => `'${key}': ${repr(value)}`).join(',\n ')}}`;
}
