import { PythonError, typeError, valueError } from '../../errors.ts';
import {
  codePoints,
  Dict,
  isInteger,
  isMapping,
  isText,
  mappingEntries,
  mappingGet,
  NO_KWARGS,
  textOf,
  typeName,
  type Builtin,
  type Kwargs,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { ABSENT, text } from '../arguments.ts';
import { Bytes, encode } from '../bytes.ts';
import { formatString } from '../format/str-format.ts';
import { itemOrError } from '../items.ts';
import { strMethod } from './str-method.ts';

/** What a translation table makes of one character. */
function translated(character: string, table: Value): string {
  const found = isMapping(table)
    ? mappingGet(table, character.codePointAt(0) ?? 0)
    : itemOrError(table, character.codePointAt(0) ?? 0);
  if (found === undefined) return character;
  if (found === null) return '';
  if (isText(found)) return textOf(found);
  if (!isInteger(found)) throw typeError('character mapping must return integer, None or str');
  const code = Number(found);
  if (code < 0 || code > 0x10ffff) throw valueError('character mapping must be in range(0x110000)');
  return String.fromCodePoint(code);
}

function translate(self: string, table: Value, runtime: Runtime): string {
  let result = '';
  for (const character of self) {
    result += translated(character, table);
    runtime.checkSize(result.length, 'maxOutput');
  }
  return result;
}

/** `str.maketrans`: a table for `translate` from one dict, or from two or three texts. */
function makeTable(x: Value, y: Value, z: Value): Dict {
  const table = new Dict();
  if (y === ABSENT) {
    if (!isMapping(x)) throw typeError('if you give only one argument to maketrans it must be a dict');
    for (const [key, value] of mappingEntries(x)) table.set(tableKey(key), value);
    return table;
  }
  const from = codePoints(text(x));
  const to = codePoints(text(y));
  if (from.length !== to.length) throw valueError('the first two maketrans arguments must have equal length');
  from.forEach((character, index) => {
    table.set(character.codePointAt(0) ?? 0, to[index]?.codePointAt(0) ?? 0);
  });
  for (const character of z === ABSENT ? '' : text(z)) table.set(character.codePointAt(0) ?? 0, null);
  return table;
}

function tableKey(key: Value): Value {
  if (isInteger(key)) return key;
  if (!isText(key)) throw typeError('keys in translate table must be strings or integers');
  const characters = codePoints(textOf(key));
  if (characters.length !== 1) throw valueError('string keys in translate table must be of length 1');
  return characters[0]?.codePointAt(0) ?? 0;
}

/** The values of named fields; a missing one is a KeyError. */
export function namedArguments(kwargs: Kwargs): (name: string) => Value {
  return (name) => {
    const value = kwargs.get(name);
    if (value === undefined) throw new PythonError('KeyError', `'${name}'`);
    return value;
  };
}

/** `str.format` with what its caller gave. */
export function formatArguments(positional: Value, named: Value): Parameters<typeof formatString>[2] {
  const kwargs = named instanceof Map ? (named as Kwargs) : NO_KWARGS;
  return { positional: positional as readonly Value[], named: namedArguments(kwargs) };
}

/** Methods of str that convert it. */
export const encodingMethods: readonly Builtin[] = [
  strMethod('format', ['*args', '**kwargs'], (self, [args = [], kwargs = null], runtime) =>
    formatString(runtime, self, formatArguments(args, kwargs)),
  ),
  strMethod('format_map', ['mapping'], (self, [mapping = null], runtime) =>
    formatString(runtime, self, { positional: null, named: (name) => itemOrError(mapping, name) }),
  ),
  strMethod('translate', ['table'], (self, [table = null], runtime) => translate(self, table, runtime)),
  strMethod('maketrans', ['x', ['y', ABSENT], ['z', ABSENT]], (_self, [x = null, y = ABSENT, z = ABSENT]) =>
    makeTable(x, y, z),
  ),
  strMethod(
    'encode',
    [
      ['encoding', 'utf-8'],
      ['errors', 'strict'],
    ],
    (self, [encoding = 'utf-8', errors = 'strict']) => {
      if (!isText(encoding)) throw typeError(`encode() argument 'encoding' must be str, not ${typeName(encoding)}`);
      return new Bytes(encode(self, textOf(encoding), text(errors)));
    },
  ),
];
