import { filters, methods, tests } from '../../src/builtins/index.ts';
import { formatPercent } from '../../src/builtins/format/percent.ts';
import { formatValue } from '../../src/builtins/format/format-value.ts';
import { unescapeHtml } from '../../src/builtins/text/entities.ts';
import { wrapParagraph } from '../../src/builtins/text/wrap.ts';
import {
  Dict,
  findMethod,
  Instance,
  isFloat,
  isInteger,
  isMapping,
  makeFloat,
  makeInteger,
  mappingEntries,
  Markup,
  OneShot,
  Runtime,
  str,
  Tuple,
  Undefined,
  type Builtin,
  type Value,
} from '../../src/values/index.ts';

/** One recorded call; see calls.py. */
export interface RecordedCall {
  readonly kind: 'filter' | 'method' | 'test' | 'format' | 'percent' | 'wrap' | 'unescape';
  readonly name: string;
  readonly args: readonly Tagged[];
  readonly kwargs: Readonly<Record<string, Tagged>>;
  readonly autoescape: boolean;
  readonly result?: Tagged;
  readonly error?: string;
}

type Tagged = null | boolean | string | readonly Tagged[] | { readonly [tag: string]: Tagged };

const FLOATS: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };

function untag(tagged: Tagged): Value {
  if (tagged === null || typeof tagged !== 'object') return tagged;
  if (Array.isArray(tagged)) return (tagged as readonly Tagged[]).map(untag);
  const [[tag, inner] = ['', null]] = Object.entries(tagged as Record<string, Tagged>);
  switch (tag) {
    case 'markup':
      return new Markup(inner as string);
    case 'float':
      return makeFloat(FLOATS[inner as string] ?? Number(inner));
    case 'int':
      return makeInteger(BigInt(inner as string));
    case 'tuple':
      return new Tuple((inner as readonly Tagged[]).map(untag));
    default:
      return Dict.from((inner as [Tagged, Tagged][]).map(([key, item]) => [untag(key), untag(item)] as const));
  }
}

function tag(value: Value): Tagged {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof Markup) return { markup: value.text };
  if (isFloat(value)) return { float: str(value) };
  if (isInteger(value)) return { int: str(value) };
  if (value instanceof Tuple) return { tuple: value.items.map(tag) };
  if (value instanceof Undefined) return { undefined: true };
  if (value instanceof OneShot) return Array.from(value, tag);
  if (Array.isArray(value)) return (value as Value[]).map(tag);
  if (isMapping(value)) return { dict: [...mappingEntries(value)].map(([key, item]) => [tag(key), tag(item)]) };
  return { [value instanceof Instance ? value.typeName : typeof value]: str(value) };
}

function known(callee: Builtin | undefined): Builtin {
  if (callee === undefined) throw new Error('no such builtin');
  return callee;
}

function perform(call: RecordedCall): Value {
  const runtime = new Runtime({ filters, tests, methods });
  runtime.autoescape = call.autoescape;
  const args = call.args.map(untag);
  const kwargs = new Map(Object.entries(call.kwargs).map(([name, value]) => [name, untag(value)]));
  const [first = null, second = null] = args;
  switch (call.kind) {
    case 'filter':
      return known(filters.get(call.name)).call(runtime, args, kwargs);
    case 'test':
      return known(tests.get(call.name)).call(runtime, args, kwargs);
    case 'method':
      return known(findMethod(runtime, first, call.name)).call(runtime, args, kwargs);
    case 'format':
      return formatValue(runtime, first, second as string);
    case 'percent':
      return formatPercent(runtime, first as string, second);
    case 'unescape':
      return unescapeHtml(first as string);
    case 'wrap':
      return wrapParagraph(first as string, {
        width: second as number,
        breakLongWords: args[2] === true,
        breakOnHyphens: args[3] === true,
      });
  }
}

/** What the call gives here, in the form of the record. */
export function outcome(call: RecordedCall): Pick<RecordedCall, 'result' | 'error'> {
  try {
    return { result: tag(perform(call)) };
  } catch (error) {
    return { error: error instanceof Error ? error.name : String(error) };
  }
}

/** What the record says. */
export function recorded({ result, error }: RecordedCall): Pick<RecordedCall, 'result' | 'error'> {
  return error === undefined ? { result: result ?? null } : { error };
}

export function parseCalls(lines: string): RecordedCall[] {
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedCall);
}
