import { FilterArgumentError, PythonError, valueError } from '../../errors.ts';
import {
  add,
  builtin,
  Dict,
  escape,
  findMethod,
  isText,
  length,
  Markup,
  NO_KWARGS,
  rejectOperand,
  Slice,
  sliceOf,
  str,
  textOf,
  truthy,
  Tuple,
  typeName,
  type Builtin,
  type Kwargs,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { integer, integerOrNull, missingMethod, text } from '../arguments.ts';
import { formatPercent } from '../format/percent.ts';
import { replaceText } from '../methods/str-parts.ts';
import { SPACE } from '../text/classes.ts';
import { splitLines } from '../text/lines.ts';
import { wrapParagraph } from '../text/wrap.ts';

/** markupsafe's `soft_str`: text as it is, anything else printed. */
export function softText(value: Value): string | Markup {
  return isText(value) ? value : str(value);
}

/** A method of str on the printed value; a Markup stays one. */
function callMethod(runtime: Runtime, value: Value, name: string, ...args: readonly Value[]): Value {
  const self = softText(value);
  return findMethod(runtime, self, name)?.call(runtime, [self, ...args], NO_KWARGS) ?? '';
}

/** `value` as Markup when `like` is one. */
const as = (like: Value, value: string): Value => (like instanceof Markup ? new Markup(value) : value);

function replace(runtime: Runtime, [value = null, old = '', fresh = '', count = null]: readonly Value[]): Value {
  const limit = integerOrNull(count) ?? -1;
  if (!runtime.autoescape) return replaceText(str(value), str(old), str(fresh), limit, runtime);
  const escaping = old instanceof Markup || (fresh instanceof Markup && !(value instanceof Markup));
  const self = escaping ? escape(value) : softText(value);
  const part = (argument: Value): string =>
    self instanceof Markup ? escape(argument).text : textOf(softText(argument));
  return as(self, replaceText(textOf(self), part(old), part(fresh), limit, runtime));
}

const WORD_STARTS = new RegExp(`([-${SPACE}({[<]+)`);

/** Jinja2's `title`: words also start after hyphens and opening brackets. */
function title(value: Value): Value {
  const parts = textOf(softText(value)).split(WORD_STARTS);
  return parts
    .map((part) => {
      const [head] = part;
      return head === undefined ? '' : head.toUpperCase() + part.slice(head.length).toLowerCase();
    })
    .join('');
}

function repeatText(runtime: Runtime, unit: string, count: number): string {
  runtime.checkSize(Math.max(count, 0) * unit.length, 'maxRepeat');
  return unit.repeat(Math.max(count, 0));
}

interface IndentOptions {
  readonly width: Value;
  readonly first: boolean;
  readonly blank: boolean;
}

/** What stands in front of a line; a Markup escapes the lines of a plain text. */
function indention(runtime: Runtime, value: string | Markup, width: Value): string | Markup {
  const space = isText(width) ? width : repeatText(runtime, ' ', integer(width));
  return value instanceof Markup ? new Markup(textOf(space)) : space;
}

function indent(runtime: Runtime, value: Value, options: IndentOptions): Value {
  // A list takes the line break that is added first, and fails later.
  if (Array.isArray(value)) return missingMethod(value, 'splitlines');
  if (!isText(value)) return rejectOperand(`unsupported operand type(s) for +=: '${typeName(value)}' and 'str'`, value);
  const unit = indention(runtime, value, options.width);
  const lines = splitLines(`${textOf(value)}\n`);
  runtime.checkSize(textOf(value).length + lines.length * textOf(unit).length, 'maxOutput');
  const escaping = unit instanceof Markup && !(value instanceof Markup);
  const safe = (line: string): string => (escaping ? escape(line).text : line);
  if (options.blank) {
    const text = lines.map(safe).join(`\n${textOf(unit)}`);
    return as(unit, options.first ? textOf(unit) + text : text);
  }
  const [head = '', ...rest] = lines;
  const text = [head, ...rest.map((line) => (line === '' ? line : textOf(unit) + safe(line)))].join('\n');
  return options.first ? as(unit, textOf(unit) + safe(text)) : as(value, text);
}

interface TruncateOptions {
  readonly length: Value;
  readonly killWords: boolean;
  readonly end: Value;
  readonly leeway: Value;
}

function assert(condition: boolean, message: string): void {
  if (!condition) throw new PythonError('AssertionError', message);
}

function truncate(runtime: Runtime, value: Value, options: TruncateOptions): Value {
  const leeway = integer(options.leeway === null ? (runtime.policies['truncate.leeway'] ?? 5) : options.leeway);
  const limit = integer(options.length);
  const endSize = length(options.end);
  assert(limit >= endSize, `expected length >= ${endSize}, got ${limit}`);
  assert(leeway >= 0, `expected leeway >= 0, got ${leeway}`);
  if (length(value) <= limit + leeway) return value;
  const cut = sliceOf(value, new Slice(null, limit - endSize, null));
  if (options.killWords) return add(runtime, cut, options.end);
  const whole = textOf(isText(cut) ? cut : text(cut));
  const space = whole.lastIndexOf(' ');
  return add(runtime, as(cut, space < 0 ? whole : whole.slice(0, space)), options.end);
}

interface WrapArguments {
  readonly width: Value;
  readonly breakLongWords: boolean;
  readonly mark: Value;
  readonly breakOnHyphens: boolean;
}

function wordWrap(runtime: Runtime, value: Value, options: WrapArguments): Value {
  const width = integer(options.width);
  const mark = options.mark === null ? runtime.newlineSequence : softText(options.mark);
  const paragraphs = splitLines(linedText(value));
  if (width <= 0 && paragraphs.length > 0) throw valueError(`invalid width ${width} (must be > 0)`);
  const { breakLongWords, breakOnHyphens } = options;
  const lines = paragraphs.flatMap((line) => {
    const wrapped = wrapParagraph(line, { width, breakLongWords, breakOnHyphens });
    return wrapped.length === 0 ? [''] : wrapped;
  });
  runtime.checkSize(lines.length * textOf(mark).length, 'maxOutput');
  return as(mark, lines.join(textOf(mark)));
}

/** The text whose lines are wrapped; a value without `splitlines` has none. */
function linedText(value: Value): string {
  return isText(value) ? textOf(value) : missingMethod(value, 'splitlines');
}

function format(runtime: Runtime, value: Value, args: readonly Value[], kwargs: Kwargs): Value {
  if (args.length > 0 && kwargs.size > 0) {
    throw new FilterArgumentError("can't handle positional and keyword arguments at the same time");
  }
  return formatPercent(runtime, softText(value), kwargs.size > 0 ? Dict.from(kwargs) : new Tuple(args));
}

const method = (name: string): Builtin =>
  builtin(name, ['s'], (runtime, [value = null]) => callMethod(runtime, value, name));

/** Filters on text. */
export const textFilters: readonly Builtin[] = [
  method('upper'),
  method('lower'),
  method('capitalize'),
  builtin('title', ['s'], (_runtime, [value = null]) => title(value)),
  builtin('trim', ['value', ['chars', null]], (runtime, [value = null, chars = null]) =>
    callMethod(runtime, value, 'strip', chars),
  ),
  builtin('center', ['value', ['width', 80]], (runtime, [value = null, width = 80]) =>
    callMethod(runtime, value, 'center', width, ' '),
  ),
  builtin('replace', ['s', 'old', 'new', ['count', null]], replace),
  builtin('string', ['s'], (_runtime, [value = null]) => softText(value)),
  builtin('format', ['value', '*args', '**kwargs'], (runtime, [value = null, args = [], kwargs = null]) =>
    format(runtime, value, args as readonly Value[], kwargs as Kwargs),
  ),
  builtin(
    'indent',
    ['s', ['width', 4], ['first', false], ['blank', false]],
    (runtime, [value = null, width = 4, first = false, blank = false]) =>
      indent(runtime, value, { width, first: truthy(first), blank: truthy(blank) }),
  ),
  builtin(
    'truncate',
    ['s', ['length', 255], ['killwords', false], ['end', '...'], ['leeway', null]],
    (runtime, [value = null, limit = 255, kill = false, end = '...', leeway = null]) =>
      truncate(runtime, value, { length: limit, killWords: truthy(kill), end, leeway }),
  ),
  builtin(
    'wordwrap',
    ['s', ['width', 79], ['break_long_words', true], ['wrapstring', null], ['break_on_hyphens', true]],
    (runtime, [value = null, width = 79, long = true, mark = null, hyphens = true]) =>
      wordWrap(runtime, value, { width, breakLongWords: truthy(long), mark, breakOnHyphens: truthy(hyphens) }),
  ),
  builtin(
    'wordcount',
    ['s'],
    (_runtime, [value = null]) => textOf(softText(value)).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0,
  ),
];
