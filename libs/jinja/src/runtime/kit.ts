import { TemplateRuntimeError } from '../errors.ts';
import {
  builtin,
  Dict,
  equals,
  escapedStr,
  getAttribute,
  getItem,
  iterate,
  makeFloat,
  Markup,
  negate,
  NO_KWARGS,
  OneShot,
  ordered,
  positive,
  Slice,
  sliceOf,
  str,
  truthy,
  Tuple,
  Undefined,
  type Builtin,
  type Runtime,
  type Value,
} from '../values/index.ts';
import * as blocks from './blocks.ts';
import * as calling from './calling.ts';
import { debugText } from './debug.ts';
import { locateFailure } from './failure.ts';
import * as linking from './linking.ts';
import { includeReads } from './include-reads.ts';
import { LoopContext } from './loop-context.ts';
import { keepText } from './loop-texts.ts';
import { Macro } from './macro.ts';
import * as operators from './operators.ts';
import { outputTooLong } from './pieces.ts';
import { MUTATES } from './standing-still.ts';

/** Everything that generated code can reach, by the names it uses. It reaches nothing else. */
export function makeKit(finalize: ((value: Value) => Value) | null) {
  return {
    ...blocks,
    ...calling,
    ...linking,
    ...operators,
    debugText,
    Dict,
    equals,
    escapedStr,
    fail: locateFailure,
    filtered,
    finalize: finalize ?? ((value: Value): Value => value),
    getAttribute,
    getItem,
    includeReads,
    items,
    iterate,
    keepText,
    LoopContext,
    Macro,
    makeFloat,
    markupIf,
    missingParameter,
    MUTATES,
    negate,
    NO_KWARGS,
    noElse,
    ordered,
    positive,
    printed,
    Slice,
    str,
    subscript,
    tooLong,
    truthy,
    Tuple,
    unknown,
  };
}

/** What a loop walks over by index. A list is walked as it is: what is appended on the way is met too. */
function items(value: Value): readonly Value[] {
  return Array.isArray(value) ? (value as readonly Value[]) : Array.from(iterate(value));
}

/** The items that a loop's condition lets through, tried one by one as the loop goes on. */
function filtered(value: Value, test: (item: Value) => boolean): OneShot {
  const source = iterate(value);
  function* matching(): Generator<Value> {
    for (const item of source) if (test(item)) yield item;
  }
  return new OneShot(matching());
}

function subscript(value: Value, slice: Slice): Value {
  return value instanceof Undefined ? (value.item(slice) ?? null) : sliceOf(value, slice);
}

/** Captured output, which needs no more escaping where text is escaped. */
function markupIf(escaping: boolean, value: Value): Value {
  if (!escaping || value instanceof Markup) return value;
  return new Markup(str(value));
}

function printed(value: Value, escaping: boolean): string {
  return escaping ? escapedStr(value) : str(value);
}

/** The value of `x if y` when `y` does not hold. It is lenient whatever kind of undefined is set. */
function noElse(position: string): Undefined {
  return new Undefined(`the inline if-expression on ${position} evaluated to false and no else section was defined.`);
}

function missingParameter(rt: Runtime, name: string): Undefined {
  return rt.undefinedHint(`parameter '${name}' was not provided`, name);
}

/** A filter or test that does not exist, in a place that is not always reached. */
function unknown(kind: string, name: string): Builtin {
  return builtin(name, ['*args', '**kwargs'], () => {
    throw new TemplateRuntimeError(`No ${kind} named '${name}' found.`);
  });
}

function tooLong(rt: Runtime, length: number): never {
  throw outputTooLong(length, rt.limits.maxOutput);
}
