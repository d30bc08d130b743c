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
);

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
  companion: fc.option(word('one two')),
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
      const templates: Record<string, string> = { ...companions, source };
      const options: EnvironmentOptions = {
        templates: (name) => templates[name],
        extensions: ['do', 'loopcontrols'],
      };
      const environment = new Environment(options);
      const memory = new LoopMemory();
      let now = isLong ? long(first) : first;
      for (const { change, companion } of steps) {
        if (companion !== null) templates['inc'] = `<${companion}{{ s }}{{ item }}>`;
        const fresh = outcome(() => new Environment(options).render('source', now));
        const again = outcome(() => textOf(environment.renderAgain('source', now, memory)));
        expect(again).toBe(fresh);
        now = change(now, other);
      }
    }),
    { numRuns, seed },
  );
}, 3_600_000);
