import { NO_ARGUMENTS, type Arguments, type Call, type Expression, type Filter } from '../parser/nodes.ts';
import type { Builtin } from '../values/index.ts';
import { compileExpression } from './expressions.ts';
import { loopNamed, type Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { isCycle } from './loop-use.ts';
import { slotOf } from './names.ts';
import type { Unit } from './unit.ts';
import { argumentParts } from './walk.ts';

/** Calls, filters and tests. */

/** Code of the positional arguments, as an array's items. */
export function compileArgumentList(unit: Unit, args: Arguments, frame: Frame): string {
  const items = args.positional.map((part) => compileExpression(unit, part, frame));
  if (args.spread !== null) items.push(`...h.iterate(${compileExpression(unit, args.spread, frame)})`);
  return items.join(', ');
}

/** Code of the keyword arguments. `caller` is the body of a call block. */
function compileKeywords(unit: Unit, args: Arguments, frame: Frame, caller: string | null): string {
  const entries = args.keywords.map(
    ({ name, value }) => `[${quoteCode(name)}, ${compileExpression(unit, value, frame)}]`,
  );
  if (caller !== null) entries.push(`['caller', ${caller}]`);
  if (args.keywordSpread !== null) {
    return `h.mergeKeywords([${entries.join(', ')}], ${compileExpression(unit, args.keywordSpread, frame)})`;
  }
  return entries.length === 0 ? 'h.NO_KWARGS' : `new Map([${entries.join(', ')}])`;
}

export function compileCall(unit: Unit, node: Call, frame: Frame, caller: string | null = null): string {
  const { callee, args } = node;
  const positional = compileArgumentList(unit, args, frame);
  const cycle = caller === null ? compileCycle(node, positional, frame) : null;
  if (cycle !== null) return cycle;
  const keywords = compileKeywords(unit, args, frame, caller);
  if (callee.kind === 'attribute') {
    const object = compileExpression(unit, callee.object, frame);
    const name = quoteCode(callee.name);
    const reached = argumentParts(args).some(mayFail) ? `h.reachable(rt, ${object}, ${name})` : object;
    return `h.callMember(rt, ${reached}, ${name}, [${positional}], ${keywords})`;
  }
  return `h.call(rt, ${compileExpression(unit, callee, frame)}, [${positional}], ${keywords})`;
}

const mayFail = (argument: Expression): boolean => argument.kind !== 'constant' && argument.kind !== 'name';

/** `loop.cycle(…)` of a loop without an object. */
function compileCycle(node: Call, positional: string, frame: Frame): string | null {
  if (!isCycle(node) || node.callee.object.kind !== 'name') return null;
  const loop = loopNamed(frame, node.callee.object.name);
  return loop === undefined ? null : `h.cycle(${loop.index}, [${positional}])`;
}

/** The code that gets at a filter or test; an unknown one inside of an `if` fails only when it is reached. */
function compileCallee(unit: Unit, kind: 'filter' | 'test', name: string, line: number, frame: Frame): string {
  if (!unit.isKnown(kind, name)) {
    if (!frame.soft) unit.fail(`No ${kind} named '${name}'.`, line);
    return `h.unknown(${quoteCode(kind)}, ${quoteCode(name)})`;
  }
  return unit.constant(`rt.${kind}s.get(${quoteCode(name)})`);
}

/**
 * Defaults are filled in when compiling where a builtin is called with positional arguments only; everything else is
 * bound to its parameters at each call.
 */
function directArguments(
  unit: Unit,
  callee: string,
  found: Builtin | null,
  args: Arguments,
  given: number,
): string[] | null {
  if (found === null || args.keywords.length > 0 || args.spread !== null || args.keywordSpread !== null) return null;
  const { parameters } = found;
  const missing = parameters.slice(given);
  const fits = given <= parameters.length && parameters.every((parameter) => parameter.rest === undefined);
  if (!fits || missing.some((parameter) => parameter.fallback === undefined)) return null;
  return missing.map((_, index) => unit.constant(`${callee}.parameters[${given + index}].fallback`));
}

function compileApplied(
  unit: Unit,
  kind: 'filter' | 'test',
  node: { readonly name: string; readonly args: Arguments; readonly line: number },
  input: string,
  frame: Frame,
): string {
  const callee = compileCallee(unit, kind, node.name, node.line, frame);
  const positional = [input, compileArgumentList(unit, node.args, frame)].filter((code) => code !== '').join(', ');
  const found = unit.builtin(kind, node.name);
  const defaults = directArguments(unit, callee, found, node.args, node.args.positional.length + 1);
  if (defaults !== null) return `${callee}.implementation(rt, [${[positional, ...defaults].join(', ')}])`;
  return `${callee}.call(rt, [${positional}], ${compileKeywords(unit, node.args, frame, null)})`;
}

/** @param captured code of the text that a filter without an input works on: that of its block */
export function compileFilter(unit: Unit, node: Filter, frame: Frame, captured = "''"): string {
  const { input } = node;
  if (input === null) return compileApplied(unit, 'filter', node, captured, frame);
  const code =
    input.kind === 'filter' ? compileFilter(unit, input, frame, captured) : compileExpression(unit, input, frame);
  return compileApplied(unit, 'filter', node, code, frame);
}

/** Whether it is `is defined` or `is undefined`, with their usual meaning. */
export function isDefinedTest(unit: Unit, node: Expression & { readonly kind: 'test' }): boolean {
  if (node.name !== 'defined' && node.name !== 'undefined') return false;
  return unit.builtin('test', node.name) !== null && node.args === NO_ARGUMENTS;
}

export function compileTest(unit: Unit, node: Expression & { readonly kind: 'test' }, frame: Frame): string {
  if (isDefinedTest(unit, node)) {
    return `${node.name === 'defined' ? '!' : ''}h.isUndefined(${compileTested(unit, node.input, frame)})`;
  }
  return compileApplied(unit, 'test', node, compileExpression(unit, node.input, frame), frame);
}

/** A variable is asked for as it is, without making an undefined value first. */
function compileTested(unit: Unit, node: Expression, frame: Frame): string {
  return node.kind === 'name' ? slotOf(unit, node.name, frame).slot : compileExpression(unit, node, frame);
}
