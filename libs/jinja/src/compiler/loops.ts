import type { For, Statement, Target } from '../parser/nodes.ts';
import { analyseBody, analyseExpression, analyseParameters } from './analysis.ts';
import { compileCondition, compileExpression, escapingCode } from './expressions.ts';
import { innerFrame, loopNamed, type Frame, type LoopAccess } from './frame.ts';
import { aliasOf, findLoopUse, hasOwn, type LoopUse } from './loop-use.ts';
import { isPlacedByIndex, placeCode, readsCode, rememberedLoop, type Remembered } from './remembered.ts';
import { compileBody } from './statements.ts';
import type { Scope } from './scope.ts';
import { assignedNames, compileAssignment } from './targets.ts';
import type { TemplateCompiler } from './template.ts';
import type { Unit } from './unit.ts';
import { walkStatements } from './walk.ts';

/** A loop that is being compiled. */
interface Loop {
  readonly node: For;
  readonly use: LoopUse;
  /** Scope of the condition; it shares the loop's variables with the body. */
  readonly testScope: Scope;
  /** What the loop stands in. */
  readonly outer: Frame;
  readonly frame: Frame;
  readonly elseFrame: Frame;
  /** The variable of `loop`, when the loop has such an object. */
  readonly object: string | null;
  readonly index: string;
  readonly items: string;
  /** Set while no item has been rendered, for `else`. */
  readonly empty: string | null;
  readonly remembered: Remembered | null;
}

export function compileFor(template: TemplateCompiler, node: For, outer: Frame): void {
  const { unit } = template;
  checkTargets(template, node);
  const loop = prepare(template, node, outer);
  if (!node.recursive) {
    unit.write('{');
    compileLoop(template, loop, compileExpression(unit, node.iterable, outer), '0');
    unit.write('}');
    return;
  }
  const render = unit.names.fresh('f');
  const code = unit.function('items, depth', () => compileLoop(template, loop, 'items', 'depth', render));
  const text = unit.body.temporary();
  unit.write(`const ${render} = ${code};`);
  unit.write(
    `${text} = h.str(${render}(${compileExpression(unit, node.iterable, outer)}, 0)); ${outer.out} += ${text};`,
  );
}

function checkTargets(template: TemplateCompiler, node: For): void {
  walkStatements([node], {
    store: (name, line) => {
      if (name === 'loop') template.unit.fail("Can't assign to special loop variable in for-loop target", line);
    },
  });
}

function prepare(template: TemplateCompiler, node: For, outer: Frame): Loop {
  const { unit } = template;
  const use = findLoopUse(node);
  const testScope = outer.scope.inner();
  analyseParameters(testScope, node.target);
  analyseExpression(testScope, node.test);

  const inner = innerFrame(outer);
  const index = unit.names.fresh('i');
  const items = unit.names.fresh('s');
  const slot = use.kind === 'none' ? null : inner.scope.parameter('loop');
  for (const name of assignedNames(node.target)) inner.scope.parameter(name, testScope.slot(name));
  analyseBody(inner.scope, node.body);

  const elseFrame = innerFrame(outer);
  analyseBody(elseFrame.scope, node.otherwise);
  const slots = slot === null ? [] : [slot, ...[...use.aliases].map((name) => inner.scope.slot(name))];
  const loops = use.kind === 'inline' ? [inlineAccess(index, items, slots), ...inner.loops] : inner.loops;
  const remembered = rememberedLoop(unit, node, use, outer);
  const skip = remembered === null ? 'continue;' : `break ${remembered.label};`;
  const out = node.recursive ? 'o' : outer.out;
  return {
    node,
    use,
    testScope,
    outer,
    frame: { ...inner, loops, out, skip, remembers: false },
    elseFrame: { ...elseFrame, out },
    object: use.kind === 'object' ? slot : null,
    index,
    items,
    empty: node.otherwise.length > 0 ? unit.names.fresh('e') : null,
    remembered,
  };
}

function inlineAccess(index: string, items: string, slots: readonly string[]): LoopAccess {
  const attributes = new Map([
    ['index', `(${index} + 1)`],
    ['index0', index],
    ['first', `(${index} === 0)`],
    ['last', `(${index} === ${items}.length - 1)`],
    ['length', `${items}.length`],
    ['revindex', `(${items}.length - ${index})`],
    ['revindex0', `(${items}.length - ${index} - 1)`],
    ['depth', '1'],
    ['depth0', '0'],
  ]);
  return { attributes, index, slots: new Set(slots) };
}

function compileLoop(
  template: TemplateCompiler,
  loop: Loop,
  iterable: string,
  depth: string,
  render: string | null = null,
): void {
  const { unit } = template;
  if (loop.empty !== null) unit.write(`let ${loop.empty} = true;`);
  if (loop.object !== null) compileObjectLoop(template, loop, iterable, depth, render);
  else if (hasOwn('break', loop.node.body)) compileStepLoop(template, loop, iterable);
  else compileArrayLoop(template, loop, iterable);
  if (loop.empty !== null) {
    unit.write(`if (${loop.empty}) {`);
    unit.enter(loop.elseFrame.scope);
    compileBody(template, loop.node.otherwise, loop.elseFrame);
    unit.write('}');
  }
  if (render !== null) unit.write(`o = h.markupIf(${escapingCode(loop.frame)}, o);`);
}

/** Items in an array: lists as they are, so that one that grows is followed; everything else collected first. */
function compileArrayLoop(template: TemplateCompiler, loop: Loop, iterable: string): void {
  const { unit } = template;
  const { index, items, node } = loop;
  unit.write(`const ${items} = h.items(${iterable});`);
  if (loop.remembered !== null) {
    const reads = readsCode(unit, loop.remembered.reads, loop.outer);
    unit.write(`const ${loop.remembered.memory} = rt.remembered(T, ${unit.nextLoop()}, [${reads}]);`);
  }
  // With a condition the index counts the items that fulfil it.
  const counted = loop.use.kind === 'inline' && node.test !== null;
  const position = counted ? unit.names.fresh('n') : index;
  if (counted) unit.write(`let ${index} = -1;`);
  unit.write(`for (let ${position} = 0; ${position} < ${items}.length; ${position}++) {`);
  if (loop.remembered !== null && node.test === null) takeRun(unit, loop, loop.remembered.memory);
  compileIteration(template, loop, `${items}[${position}]`, counted);
  unit.write('}');
}

/** A loop that may be left early takes no more items than it needs. */
function compileStepLoop(template: TemplateCompiler, loop: Loop, iterable: string): void {
  const { unit } = template;
  const item = unit.names.fresh('x');
  if (loop.use.kind === 'inline') {
    compileArrayLoop(template, loop, iterable);
    return;
  }
  unit.write(`for (const ${item} of h.iterate(${iterable})) {`);
  compileIteration(template, loop, item, false);
  unit.write('}');
}

/** With a `loop` object, which may look ahead and can be handed on. */
function compileObjectLoop(
  template: TemplateCompiler,
  loop: Loop,
  iterable: string,
  depth: string,
  render: string | null,
): void {
  const { unit } = template;
  const { node, object, testScope } = loop;
  const state = unit.names.fresh('l');
  let source = iterable;
  if (node.test !== null) {
    const item = unit.names.fresh('x');
    const { test, target } = node;
    const filter = unit.function(item, () => {
      declareTarget(template, target, item, { ...loop.frame, scope: testScope });
      unit.enter(testScope);
      unit.write(`return ${compileCondition(unit, test, { ...loop.frame, scope: testScope })};`);
    });
    source = `h.filtered(${iterable}, ${filter})`;
  }
  unit.write(`const ${state} = new h.LoopContext(rt, ${source}, ${depth}, ${render ?? 'null'});`);
  unit.write(`while (${state}.advance()) {`);
  unit.write(`let ${object ?? ''} = ${state};`);
  compileIteration(template, { ...loop, node: { ...node, test: null } }, `${state}.current`, false);
  unit.write('}');
}

function declareTarget(template: TemplateCompiler, target: Target, item: string, frame: Frame): void {
  const { unit } = template;
  for (const name of new Set(assignedNames(target))) unit.write(`let ${frame.scope.slot(name)};`);
  compileAssignment(unit, target, item, frame);
}

function compileIteration(template: TemplateCompiler, loop: Loop, item: string, counted: boolean): void {
  const { unit } = template;
  const { node, frame, testScope } = loop;
  unit.write(`if (${frame.out}.length > limit) h.tooLong(rt, ${frame.out}.length);`);
  declareTarget(template, node.target, item, frame);
  if (node.test !== null) {
    unit.write('{');
    unit.enter(testScope);
    const test = compileCondition(unit, node.test, { ...frame, scope: testScope });
    unit.write(`if (!${test}) continue; }`);
  }
  if (counted) unit.write(`${loop.index}++;`);
  if (loop.remembered === null) compileIterationBody(template, loop);
  else compileRememberedBody(template, loop, loop.remembered, item);
}

function compileIterationBody(template: TemplateCompiler, { node, frame, empty }: Loop): void {
  template.unit.enter(frame.scope);
  compileBody(template, node.body, frame);
  if (empty !== null) template.unit.write(`${empty} = false;`);
}

/** Runs the body into a text of its own, unless that is known; nothing else is written where nothing is remembered. */
function compileRememberedBody(template: TemplateCompiler, loop: Loop, remembered: Remembered, item: string): void {
  const { unit } = template;
  const { memory, before, label } = remembered;
  const { out } = loop.frame;
  const entry = unit.names.fresh('k');
  unit.write(`let ${entry} = null, ${before} = '';`);
  unit.write(`if (${memory} !== null) {`);
  unit.write(`${entry} = ${memory}.find(${item}, ${placeCode(loop)});`);
  const notEmpty = loop.empty === null ? '' : `${loop.empty} = false; `;
  unit.write(`if (typeof ${entry} === 'string') { ${out} += ${entry}; ${notEmpty}continue; }`);
  unit.write(`${before} = ${out}; ${out} = ''; }`);
  unit.write(`${label}: {`);
  compileIterationBody(template, loop);
  unit.write('}');
  unit.write(`if (${memory} !== null) { h.keepText(${entry}, ${out}); ${out} = ${before} + ${out}; }`);
}

/** Where many items in a row did not change, their texts are taken at once. */
function takeRun(unit: Unit, loop: Loop, memory: string): void {
  const { use, index, items, empty } = loop;
  if (!isPlacedByIndex(use)) return;
  const run = unit.names.fresh('k');
  const indexed = use.attributes.size > 0;
  unit.write(`const ${run} = ${memory} === null ? null : ${memory}.run(${items}, ${index}, ${indexed});`);
  const { out, piecewise } = loop.frame;
  unit.write(`if (${run} !== null) {`);
  if (piecewise && out === 'o') unit.write(`if (pieces !== null) { pieces.take(o, ${run}); o = ''; } else`);
  unit.write(`${out} += ${run}.text;`);
  if (empty !== null) unit.write(`${empty} = false;`);
  unit.write(`${index} += ${run}.length - 1; continue; }`);
}

/** Whether a statement gives a loop without an object another name, which is known when compiling. */
export function isLoopAlias(node: Statement, frame: Frame): boolean {
  const name = aliasOf(node);
  return name !== null && loopNamed(frame, name) !== undefined;
}
