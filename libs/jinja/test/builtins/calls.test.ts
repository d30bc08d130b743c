import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { outcome, parseCalls, recorded } from './calls.ts';

const calls = parseCalls(readFileSync(new URL('./calls.jsonl', import.meta.url), 'utf8'));
const kinds = [...new Set(calls.map(({ kind }) => kind))];

describe('builtins give what Python and Jinja2 gave for recorded calls', () => {
  for (const kind of kinds) {
    it(kind, () => {
      for (const call of calls.filter((each) => each.kind === kind)) {
        expect(outcome(call), JSON.stringify(call)).toEqual(recorded(call));
      }
    });
  }
});
