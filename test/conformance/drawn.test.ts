import fc from 'fast-check';
import {
  Environment,
  type Expression,
  type Statement,
  type Target,
  type TemplateTree,
  filters,
  globals,
  tests,
} from '@flotilla/jinja';
import { expect, it } from 'vitest';
import { expressions } from './fuzz-expressions.ts';
import { parts, template } from './fuzz-loops.ts';
import { companions } from './fuzz-statements.ts';

/**
 * What `again.test.ts` draws is everything the language has: a kind of node, a variant of one, a filter, a test or a
 * global function that is added to the language fails here until the generator draws it.
 */

/** Every kind there is: one that is missing here, or too many, does not compile. */
const kinds: Record<Expression['kind'] | Statement['kind'] | Target['kind'] | 'data' | 'print', string> = {
  ...{ constant: 'drawn', name: 'drawn', tuple: 'drawn', list: 'drawn', dict: 'drawn', call: 'drawn', filter: 'drawn' },
  ...{ test: 'drawn', binary: 'drawn', and: 'drawn', or: 'drawn', not: 'drawn', negative: 'drawn', positive: 'drawn' },
  ...{ compare: 'drawn', concat: 'drawn', attribute: 'drawn', item: 'drawn', slice: 'drawn', conditional: 'drawn' },
  ...{ output: 'drawn', data: 'drawn', print: 'drawn', for: 'drawn', if: 'drawn', block: 'drawn', macro: 'drawn' },
  ...{ 'call-block': 'drawn', include: 'drawn', import: 'drawn', 'from-import': 'drawn', set: 'drawn' },
  ...{ 'set-block': 'drawn', 'filter-block': 'drawn', with: 'drawn', autoescape: 'drawn', extends: 'drawn' },
  ...{ do: 'drawn', break: 'drawn', continue: 'drawn', 'tuple-target': 'drawn', 'namespace-target': 'drawn' },
  'markup-if-escaping': 'only the i18n extension makes one, which Flotilla does not load',
  debug: 'an extension that Flotilla does not load',
};

/** What a node's own fields say of it, where that is another thing than the node without. */
const variants: readonly string[] = [
  ...['for recursive', 'for test', 'for otherwise', 'if otherwise', 'block scoped', 'block required'],
  ...['include ignoreMissing', 'include withContext', 'include without withContext'],
  ...['import withContext', 'import without withContext', 'from-import withContext', 'from-import without withContext'],
  ...[
    'set-block filter',
    'slice start',
    'slice stop',
    'slice step',
    'conditional otherwise',
    'conditional without otherwise',
  ],
  ...[
    'args positional',
    'args keywords',
    'args spread',
    'args keywordSpread',
    'signature parameters',
    'signature defaults',
  ],
  ...['+', '-', '*', '/', '//', '%', '**', '==', '!=', '<', '<=', '>', '>=', 'in', 'not in'].map(
    (sign) => `sign ${sign}`,
  ),
];

const drawn = new Set<string>();
const names = { filter: new Set<string>(), test: new Set<string>(), name: new Set<string>() };

const isThere = (value: unknown): boolean => (Array.isArray(value) ? value.length > 0 : Boolean(value));

function look(node: unknown): void {
  if (Array.isArray(node)) for (const each of node) look(each);
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
  const fields = node as Record<string, unknown>;
  const { kind, name, operator } = fields;
  if (typeof kind === 'string') {
    drawn.add(kind);
    if (kind in names) names[kind as keyof typeof names].add(String(name));
    for (const [field, value] of Object.entries(fields))
      drawn.add(isThere(value) ? `${kind} ${field}` : `${kind} without ${field}`);
  } else {
    const what = 'keywordSpread' in fields ? 'args' : 'signature';
    for (const [field, value] of Object.entries(fields)) if (isThere(value)) drawn.add(`${what} ${field}`);
  }
  if (typeof operator === 'string') drawn.add(`sign ${operator}`);
  for (const value of Object.values(fields)) look(value);
}

/** The generator is random, and draws some things seldom: it goes on until everything came. */
const batch = 500;
const mostBatches = 60;
/** What templates are made of, for the many filters and tests: a template has only a few of them at a time. */
const print = fc.oneof(...Object.values(expressions)).map((text) => `{{ ${text} }}`);

it('everything the language has is drawn', () => {
  const environment = new Environment({ extensions: ['do', 'loopcontrols'] });
  const lookInto = (source: string): void => {
    let tree: TemplateTree;
    try {
      tree = environment.parse(source);
    } catch {
      return; // Some are no templates, on purpose.
    }
    look(tree.body);
  };
  const wanted = [...Object.entries(kinds).flatMap(([kind, how]) => (how === 'drawn' ? [kind] : [])), ...variants];
  const missing = (): string[] => [
    ...wanted.filter((each) => !drawn.has(each)),
    ...[...filters.keys()].filter((name) => !names.filter.has(name)).map((name) => `filter ${name}`),
    // Tests named by a sign are asked for by `select('==', 1)` and its like only.
    ...[...tests.keys()].filter((name) => /^\w/.test(name) && !names.test.has(name)).map((name) => `test ${name}`),
    ...[...globals.keys()].filter((name) => !names.name.has(name)).map((name) => `global ${name}`),
  ];
  for (const source of Object.values({ ...companions, ...parts })) lookInto(source);
  for (let seed = 1; seed <= mostBatches && missing().length > 0; seed++)
    for (const source of [template, print].flatMap((what) => fc.sample(what, { numRuns: batch, seed })))
      lookInto(source);
  expect(missing()).toEqual([]);
});
