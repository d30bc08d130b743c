import type { ComparisonOperator, Expression } from '../parser/nodes.ts';
import { compileCall, compileFilter, compileTest, isDefinedTest } from './calls.ts';
import { isComputedAhead } from './constancy.ts';
import { loopNamed, softFrame, type Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { compileMember, compileName } from './names.ts';
import type { Unit } from './unit.ts';

/** Code of an expression's value. */
export function compileExpression(unit: Unit, node: Expression, frame: Frame): string {
  const visit = (part: Expression): string => compileExpression(unit, part, frame);
  switch (node.kind) {
    case 'constant':
      return unit.literal(node.value);
    case 'name':
      return compileName(unit, node.name, frame);
    case 'tuple':
      return `new h.Tuple([${node.items.map(visit).join(', ')}])`;
    case 'list':
      return `[${node.items.map(visit).join(', ')}]`;
    case 'dict':
      return `h.Dict.from([${node.entries.map(([key, value]) => `[${visit(key)}, ${visit(value)}]`).join(', ')}])`;
    case 'binary':
      return `${BINARY[node.operator]}(rt, ${visit(node.left)}, ${visit(node.right)})`;
    case 'and':
    case 'or':
      return compileLogic(unit, node, frame);
    case 'not':
      return `!${compileCondition(unit, node.operand, frame)}`;
    case 'negative':
      return compileNegative(unit, node.operand, frame);
    case 'positive':
      return `h.positive(${visit(node.operand)})`;
    case 'compare':
      return compileComparison(unit, node.first, node.rest, frame);
    case 'concat':
      return `h.concat(rt, [${node.parts.map(visit).join(', ')}], ${isComputedAhead(node) ? 'false' : escapingCode(frame)})`;
    case 'attribute':
      return compileAttribute(unit, node.object, node.name, frame);
    case 'item':
      return compileItem(unit, node.object, node.key, frame);
    case 'slice':
      return compileSlice(unit, node, frame);
    case 'call':
      return compileCall(unit, node, frame);
    case 'filter':
      return compileFilter(unit, node, frame);
    case 'test':
      return compileTest(unit, node, frame);
    case 'conditional':
      return compileConditional(unit, node, frame);
    case 'markup-if-escaping':
      return `h.markupIf(${escapingCode(frame)}, ${visit(node.operand)})`;
  }
}

const BINARY = {
  '+': 'h.add',
  '-': 'h.subtract',
  '*': 'h.multiply',
  '/': 'h.divide',
  '//': 'h.floorDivide',
  '%': 'h.remainder',
  '**': 'h.power',
} as const;

/** Code that tells whether text is escaped here. */
export function escapingCode(frame: Frame): string {
  return frame.escaping === 'dynamic' ? 'rt.autoescape' : String(frame.escaping);
}

function compileNegative(unit: Unit, operand: Expression, frame: Frame): string {
  if (operand.kind === 'constant' && typeof operand.value === 'number' && operand.value !== 0) {
    return unit.literal(-operand.value);
  }
  return `h.negate(${compileExpression(unit, operand, frame)})`;
}

/** Whether the value is a JavaScript boolean for certain. */
function isBoolean(unit: Unit, node: Expression): boolean {
  switch (node.kind) {
    case 'not':
    case 'compare':
      return true;
    case 'and':
    case 'or':
      return isBoolean(unit, node.left) && isBoolean(unit, node.right);
    case 'test':
      return isDefinedTest(unit, node);
    default:
      return false;
  }
}

/** Code of the truth of an expression. */
export function compileCondition(unit: Unit, node: Expression, frame: Frame): string {
  if (node.kind === 'and' || node.kind === 'or') {
    const operator = node.kind === 'and' ? '&&' : '||';
    return `(${compileCondition(unit, node.left, frame)} ${operator} ${compileCondition(unit, node.right, frame)})`;
  }
  const code = compileExpression(unit, node, frame);
  return isBoolean(unit, node) ? `(${code})` : `h.truthy(${code})`;
}

function compileLogic(unit: Unit, node: Expression & { readonly kind: 'and' | 'or' }, frame: Frame): string {
  const left = unit.body.temporary();
  const test = `h.truthy(${left} = ${compileExpression(unit, node.left, frame)})`;
  const right = compileExpression(unit, node.right, frame);
  return node.kind === 'and' ? `(${test} ? ${right} : ${left})` : `(${test} ? ${left} : ${right})`;
}

function compareCode(operator: ComparisonOperator, left: string, right: string): string {
  switch (operator) {
    case '==':
      return `h.equals(${left}, ${right})`;
    case '!=':
      return `!h.equals(${left}, ${right})`;
    case 'in':
      return `h.isIn(${left}, ${right})`;
    case 'not in':
      return `!h.isIn(${left}, ${right})`;
    default:
      return `h.ordered(${quoteCode(operator)}, ${left}, ${right})`;
  }
}

type ComparisonRest = (Expression & { readonly kind: 'compare' })['rest'];

/** `a < b < c` computes `b` once and stops at the first that does not hold. */
function compileComparison(unit: Unit, first: Expression, rest: ComparisonRest, frame: Frame): string {
  let left = compileExpression(unit, first, frame);
  const parts = rest.map(({ operator, operand }, index) => {
    const code = compileExpression(unit, operand, frame);
    if (index === rest.length - 1) return compareCode(operator, left, code);
    const middle = unit.body.temporary();
    const part = compareCode(operator, left, `(${middle} = ${code})`);
    left = middle;
    return part;
  });
  return parts.length === 1 ? parts.join('') : `(${parts.join(' && ')})`;
}

function loopAttribute(object: Expression, name: string, frame: Frame): string | undefined {
  return object.kind === 'name' ? loopNamed(frame, object.name)?.attributes.get(name) : undefined;
}

function compileAttribute(unit: Unit, object: Expression, name: string, frame: Frame): string {
  return (
    loopAttribute(object, name, frame) ??
    compileMember(unit, object, compileExpression(unit, object, frame), name, 'attribute')
  );
}

function compileItem(unit: Unit, object: Expression, key: Expression, frame: Frame): string {
  const code = compileExpression(unit, object, frame);
  if (key.kind === 'slice') return `h.subscript(${code}, ${compileSlice(unit, key, frame)})`;
  if (key.kind === 'constant' && typeof key.value === 'string')
    return compileMember(unit, object, code, key.value, 'item');
  return `h.getItem(rt, ${code}, ${compileExpression(unit, key, frame)})`;
}

function compileSlice(unit: Unit, node: Expression & { readonly kind: 'slice' }, frame: Frame): string {
  const parts = [node.start, node.stop, node.step].map((part) =>
    part === null ? 'null' : compileExpression(unit, part, frame),
  );
  return `new h.Slice(${parts.join(', ')})`;
}

function compileConditional(unit: Unit, node: Expression & { readonly kind: 'conditional' }, outer: Frame): string {
  const frame = softFrame(outer);
  const then = compileExpression(unit, node.then, frame);
  const otherwise =
    node.otherwise === null
      ? `h.noElse(${quoteCode(positionText(unit, node.line))})`
      : compileExpression(unit, node.otherwise, frame);
  return `(${compileCondition(unit, node.test, frame)} ? ${then} : ${otherwise})`;
}

/** How messages name a place: `line 3 in 'a.j2'`. */
export function positionText(unit: Unit, line: number): string {
  return unit.templateName === null ? `line ${line}` : `line ${line} in '${unit.templateName}'`;
}

/** Code of an expression as printed text. */
export function compilePrinted(unit: Unit, node: Expression, frame: Frame): string {
  const plain = compileExpression(unit, node, frame);
  const code = unit.options.finalize ? `h.finalize(${plain})` : plain;
  if (frame.escaping === 'dynamic') return `h.printed(${code}, rt.autoescape)`;
  if (frame.escaping) return `h.escapedStr(${code})`;
  const value = unit.body.temporary();
  return `(typeof (${value} = ${code}) === 'string' ? ${value} : h.str(${value}))`;
}
