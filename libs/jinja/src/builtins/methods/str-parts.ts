import { typeError, valueError } from '../../errors.ts';
import {
  codePoints,
  isText,
  iterate,
  textOf,
  Tuple,
  typeName,
  type Builtin,
  type Runtime,
  type Value,
  truthy,
} from '../../values/index.ts';
import { integer, text, textOrNull } from '../arguments.ts';
import { splitLines } from '../text/lines.ts';
import { splitAt, splitAtFromEnd, splitWords, splitWordsFromEnd } from '../text/split.ts';
import { strip, stripEnd, stripStart } from '../text/strip.ts';
import { strMethod, type StrRun } from './str-method.ts';

function splitter(words: typeof splitWords, at: typeof splitAt): StrRun {
  return (self, [separator = null, limit = -1]) => {
    const mark = textOrNull(separator);
    if (mark === '') throw valueError('empty separator');
    return mark === null ? words(self, integer(limit)) : at(self, mark, integer(limit));
  };
}

function partition(self: string, separator: Value, last: boolean): Tuple {
  const mark = text(separator);
  if (mark === '') throw valueError('empty separator');
  const at = last ? self.lastIndexOf(mark) : self.indexOf(mark);
  if (at < 0) return new Tuple(last ? ['', '', self] : [self, '', '']);
  return new Tuple([self.slice(0, at), mark, self.slice(at + mark.length)]);
}

/** `separator.join(items)`; every item must be text. */
function join(self: string, items: Value, runtime: Runtime): string {
  const parts: string[] = [];
  let size = 0;
  for (const item of iterate(items)) {
    if (!isText(item)) throw typeError(`sequence item ${parts.length}: expected str instance, ${typeName(item)} found`);
    parts.push(textOf(item));
    size += self.length + textOf(item).length;
    runtime.checkSize(size, 'maxOutput');
  }
  return parts.join(self);
}

/** `str.replace`: an empty `old` stands before every character and at the end. */
export function replaceText(self: string, old: string, fresh: string, limit: number, runtime: Runtime): string {
  const parts = old === '' ? ['', ...codePoints(self), ''] : self.split(old);
  const count = limit < 0 ? parts.length - 1 : Math.min(limit, parts.length - 1);
  runtime.checkSize(self.length + count * (fresh.length - old.length), 'maxOutput');
  if (count === parts.length - 1) return parts.join(fresh);
  return [...parts.slice(0, count), parts.slice(count).join(old)].join(fresh);
}

const stripper =
  (run: typeof strip): StrRun =>
  (self, [characters = null]) =>
    run(self, textOrNull(characters, 'strip arg'));

const CHARACTERS = ['chars', null] as const;
const SEPARATOR = [
  ['sep', null],
  ['maxsplit', -1],
] as const;

/** Methods of str that cut it, join others or replace parts. */
export const partMethods: readonly Builtin[] = [
  strMethod('strip', [CHARACTERS], stripper(strip)),
  strMethod('lstrip', [CHARACTERS], stripper(stripStart)),
  strMethod('rstrip', [CHARACTERS], stripper(stripEnd)),
  strMethod('split', SEPARATOR, splitter(splitWords, splitAt)),
  strMethod('rsplit', SEPARATOR, splitter(splitWordsFromEnd, splitAtFromEnd)),
  strMethod('splitlines', [['keepends', false]], (self, [keep = false]) => splitLines(self, truthy(keep))),
  strMethod('partition', ['sep'], (self, [separator = null]) => partition(self, separator, false)),
  strMethod('rpartition', ['sep'], (self, [separator = null]) => partition(self, separator, true)),
  strMethod('join', ['iterable'], (self, [items = null], runtime) => join(self, items, runtime)),
  strMethod('replace', ['old', 'new', ['count', -1]], (self, [old = null, fresh = null, limit = -1], runtime) =>
    replaceText(self, text(old, 'replace() argument 1'), text(fresh, 'replace() argument 2'), integer(limit), runtime),
  ),
  strMethod('removeprefix', ['prefix'], (self, [prefix = null]) => {
    const affix = text(prefix);
    return self.startsWith(affix) ? self.slice(affix.length) : self;
  }),
  strMethod('removesuffix', ['suffix'], (self, [suffix = null]) => {
    const affix = text(suffix);
    return affix !== '' && self.endsWith(affix) ? self.slice(0, -affix.length) : self;
  }),
];
