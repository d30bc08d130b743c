import type { Data, Output, Print, Statement } from '../parser/nodes.ts';
import { analyseBody, analyseExpression, analyseParameters } from './analysis.ts';
import { compileFilter } from './calls.ts';
import { compileBlockCall, compileExtends, compileFromImport, compileImport, compileInclude } from './composition.ts';
import { compileCondition, compileExpression, compilePrinted, escapingCode } from './expressions.ts';
import { innerFrame, softFrame, type Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { compileFor, isLoopAlias } from './loops.ts';
import { compileCallBlock, compileMacro } from './macros.ts';
import { assignedNames, compileAssignment, publish } from './targets.ts';
import type { TemplateCompiler } from './template.ts';

/** Thrown where nothing that follows in a body can be reached. */
export class Unreachable extends Error {}

export function compileBody(template: TemplateCompiler, body: readonly Statement[], frame: Frame): void {
  try {
    for (const statement of body) compileStatement(template, statement, frame);
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
  }
}

function compileStatement(template: TemplateCompiler, node: Statement, frame: Frame): void {
  const { unit } = template;
  if (node.kind !== 'output') unit.at(node);
  switch (node.kind) {
    case 'output':
      return compileOutput(template, node, frame);
    case 'for':
      return compileFor(template, node, frame);
    case 'if':
      return compileIf(template, node, frame);
    case 'macro':
      return compileMacro(template, node, frame);
    case 'call-block':
      return compileCallBlock(template, node, frame);
    case 'filter-block':
      return compileFilterBlock(template, node, frame);
    case 'with':
      return compileWith(template, node, frame);
    case 'autoescape':
      return compileAutoescape(template, node, frame);
    case 'set':
      if (isLoopAlias(node, frame)) return;
      compileAssignment(unit, node.target, compileExpression(unit, node.value, frame), frame);
      return publish(unit, assignedNames(node.target), frame, true);
    case 'set-block':
      return compileSetBlock(template, node, frame);
    case 'block':
      return compileBlockCall(template, node, frame);
    case 'extends':
      return compileExtends(template, node, frame);
    case 'include':
      return compileInclude(template, node, frame);
    case 'import':
      return compileImport(template, node, frame);
    case 'from-import':
      return compileFromImport(template, node, frame);
    case 'do':
      return unit.write(`${compileExpression(unit, node.value, frame)};`);
    case 'break':
    case 'continue':
      if (frame.skip === null) return unit.fail(`'${node.kind}' outside loop`, node.line);
      return unit.write(node.kind === 'break' ? 'break;' : frame.skip);
    case 'debug':
      return unit.write(`${frame.out} += h.debugText(rt, ctx);`);
  }
}

function compileOutput(template: TemplateCompiler, node: Output, frame: Frame): void {
  const { unit } = template;
  // After an extends nothing is printed outside of blocks.
  if (frame.checkOutput && template.extendsForCertain) return;
  if (frame.checkOutput) unit.write('if (parent === null) {');
  for (const part of node.parts) compilePart(template, part, frame);
  if (frame.checkOutput) unit.write('}');
}

function compilePart(template: TemplateCompiler, part: Data | Print, frame: Frame): void {
  const { unit } = template;
  if (part.kind === 'data') return unit.write(`${frame.out} += ${quoteCode(part.text)};`);
  unit.at(part);
  // The text so far is read after the value is computed, which may add to it.
  const text = unit.body.temporary();
  unit.write(`${text} = ${compilePrinted(unit, part.value, frame)}; ${frame.out} += ${text};`);
}

function compileIf(template: TemplateCompiler, node: Statement & { readonly kind: 'if' }, outer: Frame): void {
  const { unit } = template;
  const frame = softFrame(outer);
  node.branches.forEach((branch, index) => {
    if (index > 0) {
      unit.write('} else {');
      unit.at(branch);
    }
    unit.write(`if (${compileCondition(unit, branch.test, frame)}) {`);
    compileBody(template, branch.body, frame);
  });
  if (node.otherwise.length > 0) {
    unit.write('} else {');
    compileBody(template, node.otherwise, frame);
  }
  unit.write('}'.repeat(node.branches.length));
}

/** Runs `generate` with a frame whose output goes into a variable of its own; gives code of the captured text. */
function capture(template: TemplateCompiler, frame: Frame, generate: (inner: Frame) => void): string {
  const out = template.unit.names.fresh('o');
  template.unit.write(`let ${out} = '';`);
  generate({ ...frame, out });
  return out;
}

function compileFilterBlock(
  template: TemplateCompiler,
  node: Statement & { readonly kind: 'filter-block' },
  frame: Frame,
): void {
  const { unit } = template;
  const inner = innerFrame(frame);
  analyseBody(inner.scope, node.body);
  analyseExpression(inner.scope, node.filter);
  unit.write('{');
  unit.enter(inner.scope);
  const text = capture(template, inner, (captured) => compileBody(template, node.body, captured));
  unit.at(node);
  const filtered = compileFilter(unit, node.filter, inner, `h.markupIf(${escapingCode(inner)}, ${text})`);
  unit.write(`${frame.out} += h.str(${filtered});`);
  unit.write('}');
}

function compileSetBlock(
  template: TemplateCompiler,
  node: Statement & { readonly kind: 'set-block' },
  frame: Frame,
): void {
  const { unit } = template;
  const inner = { ...innerFrame(frame), checkOutput: false };
  analyseBody(inner.scope, node.body);
  analyseExpression(inner.scope, node.filter);
  unit.write('{');
  unit.enter(inner.scope);
  const text = capture(template, inner, (captured) => compileBody(template, node.body, captured));
  unit.at(node);
  const value =
    node.filter === null
      ? text
      : compileFilter(unit, node.filter, inner, `h.markupIf(${escapingCode(inner)}, ${text})`);
  compileAssignment(unit, node.target, `h.markupIf(rt.autoescape, ${value})`, frame);
  publish(unit, assignedNames(node.target), frame, true);
  unit.write('}');
}

function compileWith(template: TemplateCompiler, node: Statement & { readonly kind: 'with' }, frame: Frame): void {
  const { unit } = template;
  const inner = innerFrame(frame);
  for (const { target } of node.bindings) analyseParameters(inner.scope, target);
  analyseBody(inner.scope, node.body);
  unit.write('{');
  unit.enter(inner.scope);
  const names = new Set(node.bindings.flatMap(({ target }) => assignedNames(target)));
  for (const name of names) unit.write(`let ${inner.scope.slot(name)};`);
  for (const { target, value } of node.bindings)
    compileAssignment(unit, target, compileExpression(unit, value, frame), inner);
  compileBody(template, node.body, inner);
  unit.write('}');
}

function compileAutoescape(
  template: TemplateCompiler,
  node: Statement & { readonly kind: 'autoescape' },
  frame: Frame,
): void {
  const { unit } = template;
  const inner = innerFrame(frame);
  analyseExpression(inner.scope, node.value);
  analyseBody(inner.scope, node.body);
  const escaping = node.value.kind === 'constant' ? Boolean(node.value.value) : 'dynamic';
  const before = unit.names.fresh('a');
  unit.write(`{ const ${before} = rt.autoescape;`);
  unit.enter(inner.scope);
  unit.write(`rt.autoescape = ${compileCondition(unit, node.value, inner)};`);
  compileBody(template, node.body, { ...inner, escaping });
  unit.write(`rt.autoescape = ${before}; }`);
}
