import fc, { type Arbitrary } from 'fast-check';

/** JSON texts, because JavaScript's own writer would print 2.0 as 2 and put integer-like keys first. */
const integer = fc.constantFrom('0', '1', '-1', '2', '3', '7', '80', '443', '-12', '1000000', '9007199254740993');
const float = fc.constantFrom('0.0', '2.0', '0.5', '-1.5', '3.14159', '1e20', '1e-7', '100.0', '2.675');
const string = fc
  .constantFrom(
    '',
    'a',
    'b',
    'Hello',
    'hello world',
    'a,b',
    ' x ',
    '<b>',
    'é',
    '😀',
    '80',
    '3.5',
    'x\ny\n\nz',
    'web-1',
    'A-Z',
    '10.0.0.1',
    "it's",
  )
  .map((text) => JSON.stringify(text));
const scalar = fc.oneof(integer, float, string, fc.constantFrom('true', 'false', 'null'));
const key = fc.constantFrom('a', 'b', 'name', 'port', 'k1', '80', '9', 'tags', 'B', '');

const list = (item: Arbitrary<string>, maxLength = 4): Arbitrary<string> =>
  fc.array(item, { maxLength }).map((items) => `[${items.join(', ')}]`);

function dict(item: Arbitrary<string>): Arbitrary<string> {
  return fc.uniqueArray(fc.tuple(key, item), { maxLength: 4, selector: ([name]) => name }).map(objectText);
}

const objectText = (entries: readonly (readonly [string, string])[]): string =>
  `{${entries.map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;

const value = fc.oneof(scalar, list(scalar), dict(scalar), list(dict(scalar), 2));
const user = fc.tuple(string, integer, list(string, 2)).map(([name, port, tags]) =>
  objectText([
    ['name', name],
    ['port', port],
    ['tags', tags],
  ]),
);

const variables: Readonly<Record<string, Arbitrary<string>>> = {
  i: integer,
  j: integer,
  x: float,
  s: string,
  u: string,
  w: string,
  b: fc.constantFrom('true', 'false'),
  nil: fc.constant('null'),
  l: list(integer),
  m: list(value),
  words: list(string),
  users: list(user, 3),
  el: fc.constant('[]'),
  d: dict(value),
  e: dict(scalar),
  item: value,
  k: scalar,
  v: value,
  a: scalar,
  t: string,
};

/** The context of a template as JSON: one value for every variable that the grammar knows. */
export const context: Arbitrary<string> = fc
  .tuple(...Object.values(variables))
  .map((values) => objectText(Object.keys(variables).map((name, index) => [name, values[index] ?? 'null'] as const)));
