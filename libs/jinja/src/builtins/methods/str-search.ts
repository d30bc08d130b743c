import { typeError, valueError } from '../../errors.ts';
import { codePoints, isText, textOf, Tuple, typeName, type Builtin, type Value } from '../../values/index.ts';
import { integerOrNull, text } from '../arguments.ts';
import { countCharacters } from '../text/characters.ts';
import { strMethod, type StrRun } from './str-method.ts';

/** The part of a text that `start` and `end` select, and where it begins; null when it begins behind its end. */
function region(self: string, start: Value, end: Value): { part: string; offset: number } | null {
  if (start === null && end === null) return { part: self, offset: 0 };
  const characters = codePoints(self);
  const place = (value: number): number => (value < 0 ? Math.max(value + characters.length, 0) : value);
  const from = place(integerOrNull(start) ?? 0);
  const to = Math.min(place(integerOrNull(end) ?? characters.length), characters.length);
  return from > to ? null : { part: characters.slice(from, to).join(''), offset: from };
}

/** Position in characters of a part found at `unit` (in UTF-16 units); -1 stays -1. */
function position(part: string, unit: number, offset: number): number {
  return unit < 0 ? -1 : countCharacters(part.slice(0, unit)) + offset;
}

function find(self: string, [sub = null, start = null, end = null]: readonly Value[], last: boolean): number {
  const wanted = text(sub);
  const within = region(self, start, end);
  if (within === null) return -1;
  const unit = last ? within.part.lastIndexOf(wanted) : within.part.indexOf(wanted);
  return position(within.part, unit, within.offset);
}

function indexOrError(self: string, args: readonly Value[], last: boolean): number {
  const found = find(self, args, last);
  if (found < 0) throw valueError('substring not found');
  return found;
}

function count(self: string, [sub = null, start = null, end = null]: readonly Value[]): number {
  const wanted = text(sub);
  const within = region(self, start, end);
  if (within === null) return 0;
  return wanted === '' ? countCharacters(within.part) + 1 : within.part.split(wanted).length - 1;
}

/** `startswith` and `endswith`: one text or a tuple of them. */
function edge(name: string, holds: (part: string, affix: string) => boolean): StrRun {
  return (self, [affix = null, start = null, end = null]) => {
    const affixes = affix instanceof Tuple ? affix.items : [affix];
    const within = region(self, start, end);
    return affixes.some((each) => {
      if (isText(each)) return within !== null && holds(within.part, textOf(each));
      const where =
        affix instanceof Tuple
          ? `tuple for ${name} must only contain str`
          : `${name} first arg must be str or a tuple of str`;
      throw typeError(`${where}, not ${typeName(each)}`);
    });
  };
}

const RANGE = [
  ['start', null],
  ['end', null],
] as const;

/** Methods of str that look for something in it. */
export const searchMethods: readonly Builtin[] = [
  strMethod('find', ['sub', ...RANGE], (self, args) => find(self, args, false)),
  strMethod('rfind', ['sub', ...RANGE], (self, args) => find(self, args, true)),
  strMethod('index', ['sub', ...RANGE], (self, args) => indexOrError(self, args, false)),
  strMethod('rindex', ['sub', ...RANGE], (self, args) => indexOrError(self, args, true)),
  strMethod('count', ['sub', ...RANGE], count),
  strMethod(
    'startswith',
    ['prefix', ...RANGE],
    edge('startswith', (part, affix) => part.startsWith(affix)),
  ),
  strMethod(
    'endswith',
    ['suffix', ...RANGE],
    edge('endswith', (part, affix) => part.endsWith(affix)),
  ),
];
