import type { CallBlock, Macro } from '../parser/nodes.ts';
import { analyseBody, analyseSignature } from './analysis.ts';
import { compileCall } from './calls.ts';
import { compileExpression } from './expressions.ts';
import { innerFrame, type Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { findReads } from './reads.ts';
import { readsCode } from './remembered.ts';
import { compileBody } from './statements.ts';
import { publish } from './targets.ts';
import type { TemplateCompiler } from './template.ts';
import type { Unit } from './unit.ts';
import { findUndeclared } from './walk.ts';

/** Macros and the bodies of call blocks. */

/** Names a macro gets without declaring them, in the order in which they are passed. */
const SPECIAL = ['caller', 'kwargs', 'varargs'] as const;

/** Code of a macro object. */
function macroCode(template: TemplateCompiler, node: Macro | CallBlock, outer: Frame): string {
  const { unit } = template;
  const { parameters, defaults } = node.signature;
  const inner = innerFrame(outer);
  const { scope } = inner;
  analyseSignature(scope, node.signature);

  const declared = parameters.map((parameter) => parameter.name);
  const undeclared = findUndeclared(node.body, SPECIAL);
  const firstDefault = parameters.length - defaults.length;
  const callerIndex = declared.indexOf('caller');
  if (undeclared.has('caller') && callerIndex >= 0 && callerIndex < firstDefault) {
    unit.fail(
      'When defining macros or call blocks the special "caller" argument must be omitted or be given a default.',
      node.line,
    );
  }
  const special = SPECIAL.filter((name) => undeclared.has(name) && !declared.includes(name));
  for (const name of special) scope.parameter(name);
  analyseBody(scope, node.body);

  const slots = declared.map((name) => scope.slot(name));
  const names = [...slots, ...special.map((name) => scope.slot(name))];
  const frame: Frame = { ...inner, out: 'o', checkOutput: false, skip: null, piecewise: false };
  const code = unit.function([...new Set(names)].join(', '), () => {
    unit.enter(scope);
    unit.at(node);
    parameters.forEach((parameter, index) => {
      const slot = scope.slot(parameter.name);
      const value = defaults[index - firstDefault];
      // A default sees the parameters before it; itself and those after it are not there yet.
      const unbound = { ...frame, unboundParameters: new Set([...frame.unboundParameters, ...slots.slice(index)]) };
      const fallback =
        index < firstDefault || value === undefined
          ? `h.missingParameter(rt, ${quoteCode(parameter.name)})`
          : compileExpression(unit, value, unbound);
      unit.write(`if (${slot} === undefined) ${slot} = ${fallback};`);
    });
    compileBody(template, node.body, frame);
  });
  const name = node.kind === 'macro' ? quoteCode(node.name) : 'null';
  const flags = SPECIAL.map((flag) => (flag === 'caller' ? undeclared.has(flag) : special.includes(flag)));
  const parts = [name, `[${declared.map(quoteCode).join(', ')}]`, ...flags, code, macroReads(unit, node, outer)];
  return `new h.Macro(${parts.join(', ')})`;
}

/** Code of a function that gives what a macro reads. Inside of loops nobody asks. */
function macroReads(unit: Unit, node: Macro | CallBlock, outer: Frame): string {
  if (node.kind !== 'macro' || !outer.remembers) return 'null';
  const reads = findReads(unit, [node], []);
  if (reads === null) return 'null';
  const identity = unit.constant(`Object.freeze({ macro: ${quoteCode(node.name)}, tag: ${node.tag} })`);
  return `() => [${[identity, readsCode(unit, reads, outer)].join(', ')}]`;
}

export function compileMacro(template: TemplateCompiler, node: Macro, frame: Frame): void {
  template.unit.write(`${frame.scope.slot(node.name)} = ${macroCode(template, node, frame)};`);
  publish(template.unit, [node.name], frame, true);
}

export function compileCallBlock(template: TemplateCompiler, node: CallBlock, frame: Frame): void {
  const { unit } = template;
  const caller = unit.names.fresh('m');
  const text = unit.body.temporary();
  unit.write(`const ${caller} = ${macroCode(template, node, frame)};`);
  unit.write(`${text} = h.str(${compileCall(unit, node.call, frame, caller)}); ${frame.out} += ${text};`);
}
