import fc, { type Arbitrary } from 'fast-check';
import { expect, it } from 'vitest';
import { Dict, Environment, type EnvironmentOptions, LoopMemory, parseJson, type Piece } from '@flotilla/jinja';
import { context } from './fuzz-context.ts';
import { body, companions } from './fuzz-statements.ts';
import { either, maybe, seq, word } from './fuzz-text.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 60);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

type Variables = Readonly<Record<string, unknown>>;

/** Makes the next variables of those before and of others; what is not touched stays the same object. */
type Change = (now: Variables, other: Variables) => Variables;

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of value instanceof Dict ? value.entryValues() : Object.values(value)) frozen(part);
  return Object.freeze(value);
}

const listNames = ['users', 'm'] as const;

const listChange: Arbitrary<Change> = fc
  .record({
    name: fc.constantFrom(...listNames),
    at: fc.nat(50),
    kind: fc.constantFrom('insert', 'remove', 'replace', 'reverse'),
  })
  .map(({ name, at, kind }) => (now, other) => {
    const items = [...(now[name] as unknown[])];
    const fresh = (other[name] as unknown[]).slice(0, 1);
    if (kind === 'insert') items.splice(at, 0, ...fresh);
    else if (kind === 'remove') items.splice(at % items.length, 1);
    else if (kind === 'replace') items.splice(at % items.length, 1, ...fresh);
    else items.reverse();
    return { ...now, [name]: Object.freeze(items) };
  });

/** Lists long enough for whole runs of their items to be taken. */
const long = (variables: Variables): Variables => {
  const lists = listNames.map((name) => {
    const items = variables[name] as unknown[];
    return [name, Object.freeze(Array.from({ length: 25 }, () => items).flat())] as const;
  });
  return { ...variables, ...Object.fromEntries(lists) };
};

const valueChange: Arbitrary<Change> = word('s t i b d e item k v a').map((name) => (now, other) => ({
  ...now,
  [name]: other[name],
}));

const noChange: Change = (now) => now;

/** What stands before a loop, and what its body does with it. */
const surroundings: Arbitrary<readonly [string, string]> = fc.constantFrom<readonly [string, string]>(
  ['', ''],
  ['{% set own = s %}', '{{ own }}'],
  ['{% set own = [i, s, {"k": 1.0}] %}', '{{ own }}'],
  ['{% set own = [i] %}', '{{ own }}{% do own.append(1) %}'],
  ['{% set own = {"k": s} %}', "{{ own }}{% set f = own['update'] %}{{ f(k=t) }}"],
  ['{% set own = namespace(x=1) %}', '{{ own.x }}{% set own.x = own.x + 1 %}'],
  ['{% set own = cycler(1, 2, 3) %}', '{{ own.next() }}'],
  ['{% set own = joiner() %}', '{{ own() }}'],
  ['{% macro own(p) %}<{{ p }}{{ s }}{{ t }}>{% endmacro %}', '{{ own(item) }}'],
  ['{% set n = cycler(1, 2) %}{% macro own(p) %}{{ n.next() }}{% endmacro %}', '{{ own(item) }}'],
  ["{% from 'lib' import m %}{% import 'lib' as lib %}", '{{ m(item) }}{{ lib.v }}'],
  ['{% set own = t %}', "{% include 'inc' %}"],
  // What these get at is not followed.
  ['', "{% include 'imports' %}"],
  ['', "{% include 'extends' %}"],
  ['', "{% include ['gone', 'inc'] %}{% include 'gone' ignore missing %}"],
  ["{% set own = 'inc' %}", '{% include own %}'],
  ["{% set w = 'inc' %}{% macro own() %}{% include w %}{% endmacro %}", '{{ own() }}'],
  ["{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{% endmacro %}", '{{ own() }}'],
  ["{% macro own() %}{% from 'values' import v with context %}{{ v }}{% endmacro %}", '{{ own() }}'],
  ['{% macro own() %}{{ s is sameas t }}{{ s }}{% endmacro %}', '{{ own() }}'],
  ['{% macro own() %}{{ s | again }}{% endmacro %}', '{{ own() }}'],
  ['{% macro own() %}{{ caller(s) }}{% endmacro %}', '{% call(p) own() %}{{ p }}{{ t }}{{ item }}{% endcall %}'],
  [
    "{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{{ caller() }}{% endmacro %}",
    '{% call own() %}{{ s }}{% endcall %}',
  ],
  ["{% from 'nested' import own with context %}", '{{ own() }}'],
  ["{% import 'nested' as lib with context %}", '{{ lib.own() }}'],
  ["{% import 'nested' as lib %}", '{% call lib.around() %}{{ lib.own() }}{{ s }}{% endcall %}'],
  [
    '{% macro own(p) %}{% for x in m recursive %}{{ loop.index }}{{ s }}{% endfor %}{{ p }}{% endmacro %}',
    '{{ own(item) }}',
  ],
  [
    '{% macro own() %}{% set n = namespace(x=s) %}{% set n.x = n.x ~ t %}{{ n.x }}{{ varargs }}{{ kwargs }}{% endmacro %}',
    '{{ own(s, k=t) }}',
  ],
);

/** Templates that import, extend or include others; the last ones are edited, removed and put back on the way. */
const parts: Readonly<Record<string, string>> = {
  imports: "{% from 'values' import v, show with context %}{{ v }}{{ show() }}",
  extends: "{% extends 'under' %}{% block b %}{{ super() }}{{ t }}{% endblock %}",
  nested:
    "{% macro own() %}{% import 'values' as l with context %}{{ l.v }}{{ l.show() }}{% endmacro %}{% macro around() %}<{{ caller() }}{{ s }}>{% endmacro %}",
  under: '({{ s }}{% block b %}{{ i }}{% endblock %})',
  values: '{% set v = s %}{% macro show() %}{{ t }}{{ i }}{% endmacro %}',
};
const edited = ['inc', 'lib', 'nested', 'under', 'values', 'gone'] as const;

const place = maybe(
  either(
    '{{ loop.index }}',
    '{{ loop.last }}',
    '{{ loop.first }}',
    '{{ loop.revindex }}',
    '{{ loop.previtem is defined }}',
    "{{ loop.cycle('a', 'b') }}",
    '{{ loop.changed(item) }}',
    '{% set outer = loop %}{% for t in [1, 2] %}{{ outer.index }}.{{ loop.index }} {% endfor %}',
    '{% if item %}{% break %}{% endif %}',
    '{% if item %}{% continue %}{% endif %}',
  ),
);

/** Loops as they stand at the top of a template: these are the ones that are remembered. */
const loop: Arbitrary<string> = surroundings.chain(([before, inside]) =>
  seq(
    before,
    '{% for item in ',
    word(listNames.join(' ')),
    maybe(' if item != s'),
    ' %}',
    place,
    inside,
    place,
    fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: body }),
    '{{ item }}',
    maybe('{% else %}none'),
    '{% endfor %}',
  ),
);

const template = either(loop, seq(loop, loop), seq(maybe(body), loop), seq('{% block top %}', loop, '{% endblock %}'));

/** The text, or what went wrong. */
function outcome(render: () => string): string {
  try {
    return render();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `${error.name}: ${error.message}`;
  }
}

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ text }) => text).join('');

const step = fc.record({
  change: fc.oneof(listChange, listChange, valueChange, fc.constant(noChange)),
  /** A part that is edited, or removed, before the render. */
  part: fc.option(fc.record({ name: fc.constantFrom(...edited), edit: fc.option(word('one two'), { freq: 4 }) })),
});

const variables = context.map((json) => frozen(parseJson(json)) as Variables);

const sequence = fc.record({
  source: template,
  first: variables,
  other: variables,
  isLong: fc.boolean(),
  steps: fc.array(step, { minLength: 3, maxLength: 8 }),
});

it(`${numRuns} random templates render as if they were new, whatever changes meanwhile (FUZZ_SEED=${seed})`, () => {
  fc.assert(
    fc.property(sequence, ({ source, first, other, isLong, steps }) => {
      const originals: Readonly<Record<string, string>> = { ...companions, ...parts };
      const templates: Record<string, string | undefined> = { ...originals, source };
      const options: EnvironmentOptions = {
        templates: (name) => templates[name],
        extensions: ['do', 'loopcontrols'],
        filters: { again: (value: unknown) => `${String(value)}!` },
      };
      const environment = new Environment(options);
      const memory = new LoopMemory();
      let now = isLong ? long(first) : first;
      for (const { change, part } of steps) {
        if (part !== null) {
          const { name, edit } = part;
          templates[name] = edit === null ? undefined : `${originals[name] ?? ''}<${edit}{{ s }}{{ item }}>`;
        }
        const fresh = outcome(() => new Environment(options).render('source', now));
        const again = outcome(() => textOf(environment.renderAgain('source', now, memory)));
        expect(again).toBe(fresh);
        now = change(now, other);
      }
    }),
    { numRuns, seed },
  );
}, 3_600_000);
