import fc, { type Arbitrary } from 'fast-check';
import { expect, it } from 'vitest';
import { Dict, Environment, type EnvironmentOptions, LoopMemory, parseJson, type Piece } from '@flotilla/jinja';
import { context } from './fuzz-context.ts';
import { edited, loopNames, parts, template } from './fuzz-loops.ts';
import { companions } from './fuzz-statements.ts';
import { Random } from '../chaos/random.ts';
import { word } from './fuzz-text.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 400);
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

type Variables = Readonly<Record<string, unknown>>;

/** Makes the next variables of those before and of others; what is not touched stays the same object. */
type Change = (now: Variables, other: Variables) => Variables;

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of value instanceof Dict ? value.entryValues() : Object.values(value)) frozen(part);
  return Object.freeze(value);
}

const listChange: Arbitrary<Change> = fc
  .record({
    name: fc.constantFrom(...loopNames),
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
  const lists = loopNames.map((name) => {
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
  /** What chance depends on. */
  seed: fc.nat(2 ** 32 - 1),
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
      let chance = new Random(0);
      const options: EnvironmentOptions = {
        templates: (name) => templates[name],
        extensions: ['do', 'loopcontrols'],
        random: () => chance.next(),
        filters: { again: (value: unknown) => `${String(value)}!` },
      };
      const environment = new Environment(options);
      const memory = new LoopMemory();
      let now = isLong ? long(first) : first;
      for (const { change, part, seed } of steps) {
        if (part !== null) {
          const { name, edit } = part;
          templates[name] = edit === null ? undefined : `${originals[name] ?? ''}<${edit}{{ s }}{{ item }}>`;
        }
        chance = new Random(seed);
        const fresh = outcome(() => new Environment(options).render('source', now));
        chance = new Random(seed);
        const again = outcome(() => textOf(environment.renderAgain('source', now, memory)));
        expect(again).toBe(fresh);
        now = change(now, other);
      }
    }),
    { numRuns, seed },
  );
}, 3_600_000);
