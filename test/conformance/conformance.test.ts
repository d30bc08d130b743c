import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJson } from '@flotilla/jinja';
import { render, type ConformanceCase, type Outcome } from './render.ts';

interface RecordedCase extends ConformanceCase {
  readonly expected?: string;
  readonly error?: { readonly type: string; readonly message: string; readonly line: number | null };
}

// Read as the library reads JSON, so that contexts keep the order of their keys.
const text = readFileSync(new URL('./cases.json', import.meta.url), 'utf8');
const { cases } = parseJson(text) as { cases: RecordedCase[] };

function comparable(outcome: Outcome): object {
  return 'output' in outcome ? outcome : { type: outcome.error.type, line: outcome.error.line };
}

describe('templates give what Jinja2 gave', () => {
  it.each(cases.map((each) => [each.name, each] as const))('%s', (_name, each) => {
    const wanted: Outcome = each.error === undefined ? { output: each.expected ?? '' } : { error: each.error };
    const got = render(each);
    expect(comparable(got), `${each.source ?? each.entry ?? ''}\n${JSON.stringify(got)}`).toEqual(comparable(wanted));
  });
});
