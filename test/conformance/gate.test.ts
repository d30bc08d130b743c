import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseJson } from '@flotilla/jinja';
import { render, type Outcome } from './render.ts';

/** A case as it was recorded: `source`, or the name of the template to start with, and what Jinja2 made of it. */
interface GateCase {
  readonly id: number;
  readonly test: string;
  readonly source: string | null;
  readonly entry: string | null;
  readonly templates: Readonly<Record<string, string>>;
  readonly context: object;
  readonly options: Readonly<Record<string, unknown>> | null;
  readonly env_globals?: Readonly<Record<string, unknown>>;
  readonly tmpl_globals?: Readonly<Record<string, unknown>>;
  readonly expected?: string;
  readonly error?: { readonly type: string; readonly message: string; readonly lineno?: number };
}

interface Gate {
  readonly file: string;
  readonly cases: number;
  /** The part of the cases that must pass. */
  readonly atLeast: number;
  /** Cases that do not pass, by id, with the reason. One that passes must leave the list. */
  readonly failing: Readonly<Record<number, string>>;
}

const GATES: readonly Gate[] = [
  { file: 'suite.json', cases: 405, atLeast: 0.98, failing: {} },
  { file: 'probes.json', cases: 223, atLeast: 1, failing: {} },
  {
    file: 'differences.json',
    cases: 25,
    atLeast: 0.6,
    failing: {
      7: 'a loop is walked as a whole before its body runs; an error, where another text would be silent',
      9: 'a filter block prints what its filter gives, text or not',
      10: 'str.format reads attributes as a sandbox does',
      11: 'str.format reads attributes as a sandbox does',
      12: 'str.format reads items as Python does outside of a sandbox',
      18: 'Jinja2 folds constants and takes their errors for an undefined value',
      19: 'Jinja2 folds constants and takes their errors for an undefined value',
      20: 'a width beyond 64 bits is only too wide',
      21: 'one letter whose title case begins with a sign',
      24: 'bytes have only what templates were seen to use',
    },
  },
];

/** Options of Jinja2 that turn a sandbox on say nothing here: there is no other way to render. */
function run(each: GateCase): Outcome {
  const { sandbox: _sandbox, ...options } = each.options ?? {};
  return render({
    name: each.test,
    ...(each.source === null ? {} : { source: each.source }),
    ...(each.entry === null ? {} : { entry: each.entry }),
    templates: each.templates,
    context: each.context,
    options,
    globals: { ...each.env_globals, ...each.tmpl_globals },
  });
}

function agrees(each: GateCase, got: Outcome): boolean {
  if ('output' in got) return got.output === each.expected;
  const { type, message, lineno } = each.error ?? {};
  return (
    got.error.type === type && got.error.message === message && (lineno === undefined || got.error.line === lineno)
  );
}

for (const { file, cases: count, atLeast, failing } of GATES) {
  const url = new URL(`../../../shared/jinja/${file}`, import.meta.url);
  const there = existsSync(url);
  describe.skipIf(!there)(`the gate of ../shared/jinja/${file}${there ? '' : ' (not there: skipped)'}`, () => {
    // Read as the library reads JSON, so that contexts keep the order of their keys.
    const cases = there ? (parseJson(readFileSync(url, 'utf8')) as unknown as GateCase[]) : [];

    // Each is rendered once: a template may change its context, as in Python.
    const outcomes = cases.map((each) => ({ each, got: run(each) }));
    const failed = outcomes.filter(({ each, got }) => !agrees(each, got));

    it(`passes at least ${100 * atLeast} % of its ${count} cases`, () => {
      expect(cases.length).toBe(count);
      expect(count - failed.length).toBeGreaterThanOrEqual(atLeast * count);
    });

    it('fails only in the cases that are named with their reason, and in all of those', () => {
      const shown = failed
        .map(({ each, got }) => `${each.id} ${each.source ?? each.entry ?? ''}\n${JSON.stringify(got)}`)
        .join('\n');
      expect(
        failed.map(({ each }) => String(each.id)),
        shown,
      ).toEqual(Object.keys(failing));
    });
  });
}
