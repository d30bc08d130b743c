import type { Arguments, Block, Expression, Signature, Statement, Target } from '../parser/nodes.ts';

/** The parts of a node, in the order in which Jinja2 visits them. */

export function argumentParts(args: Arguments): readonly Expression[] {
  const parts = [...args.positional, ...args.keywords.map((keyword) => keyword.value)];
  if (args.spread !== null) parts.push(args.spread);
  if (args.keywordSpread !== null) parts.push(args.keywordSpread);
  return parts;
}

const present = (...parts: readonly (Expression | null)[]): readonly Expression[] =>
  parts.filter((part) => part !== null);

export function expressionParts(node: Expression): readonly Expression[] {
  switch (node.kind) {
    case 'constant':
    case 'name':
      return [];
    case 'tuple':
    case 'list':
      return node.items;
    case 'dict':
      return node.entries.flat();
    case 'call':
      return [node.callee, ...argumentParts(node.args)];
    case 'filter':
    case 'test':
      return [...present(node.input), ...argumentParts(node.args)];
    case 'binary':
    case 'and':
    case 'or':
      return [node.left, node.right];
    case 'not':
    case 'negative':
    case 'positive':
    case 'markup-if-escaping':
      return [node.operand];
    case 'compare':
      return [node.first, ...node.rest.map((part) => part.operand)];
    case 'concat':
      return node.parts;
    case 'attribute':
      return [node.object];
    case 'item':
      return [node.object, node.key];
    case 'slice':
      return present(node.start, node.stop, node.step);
    case 'conditional':
      return present(node.test, node.then, node.otherwise);
  }
}

/** What a walk over statements meets. A visitor returns false to keep out of a statement's parts. */
export interface Visitor {
  readonly load?: (name: string) => void;
  readonly store?: (name: string, line: number) => void;
  readonly expression?: (node: Expression) => boolean;
  readonly statement?: (node: Statement) => boolean;
}

export function walkTarget(target: Target, visitor: Visitor): void {
  if (target.kind === 'name') visitor.store?.(target.name, target.line);
  else if (target.kind === 'tuple-target') for (const item of target.items) walkTarget(item, visitor);
  else visitor.load?.(target.name);
}

export function walkExpression(node: Expression, visitor: Visitor): void {
  if (visitor.expression?.(node) === false) return;
  if (node.kind === 'name') visitor.load?.(node.name);
  for (const part of expressionParts(node)) walkExpression(part, visitor);
}

export function walkStatements(body: readonly Statement[], visitor: Visitor): void {
  for (const statement of body) walkStatement(statement, visitor);
}

function walkSignature(signature: Signature, visitor: Visitor): void {
  for (const parameter of signature.parameters) visitor.store?.(parameter.name, parameter.line);
  for (const value of signature.defaults) walkExpression(value, visitor);
}

function walkStatement(node: Statement, visitor: Visitor): void {
  if (visitor.statement?.(node) === false) return;
  const expression = (part: Expression): void => walkExpression(part, visitor);
  switch (node.kind) {
    case 'output':
      for (const part of node.parts) if (part.kind === 'print') expression(part.value);
      return;
    case 'for':
      walkTarget(node.target, visitor);
      expression(node.iterable);
      walkStatements(node.body, visitor);
      walkStatements(node.otherwise, visitor);
      if (node.test !== null) expression(node.test);
      return;
    case 'if':
      for (const branch of node.branches) {
        expression(branch.test);
        walkStatements(branch.body, visitor);
      }
      return walkStatements(node.otherwise, visitor);
    case 'macro':
      walkSignature(node.signature, visitor);
      return walkStatements(node.body, visitor);
    case 'call-block':
      expression(node.call);
      walkSignature(node.signature, visitor);
      return walkStatements(node.body, visitor);
    case 'set':
      walkTarget(node.target, visitor);
      return expression(node.value);
    case 'set-block':
      walkTarget(node.target, visitor);
      if (node.filter !== null) expression(node.filter);
      return walkStatements(node.body, visitor);
    case 'filter-block':
      walkStatements(node.body, visitor);
      return expression(node.filter);
    case 'with':
      for (const binding of node.bindings) walkTarget(binding.target, visitor);
      for (const binding of node.bindings) expression(binding.value);
      return walkStatements(node.body, visitor);
    case 'autoescape':
      expression(node.value);
      return walkStatements(node.body, visitor);
    case 'block':
      return walkStatements(node.body, visitor);
    case 'include':
    case 'import':
    case 'from-import':
    case 'extends':
      return expression(node.template);
    case 'do':
      return expression(node.value);
    case 'break':
    case 'continue':
    case 'debug':
      return;
  }
}

/** Which of the names a body reads before it gives them a value of its own. Blocks are separate bodies. */
export function findUndeclared(body: readonly Statement[], names: readonly string[]): ReadonlySet<string> {
  const open = new Set(names);
  const undeclared = new Set<string>();
  walkStatements(body, {
    load: (name) => {
      if (open.has(name)) undeclared.add(name);
    },
    store: (name) => open.delete(name),
    statement: (node) => node.kind !== 'block',
  });
  return undeclared;
}

export function findBlocks(body: readonly Statement[]): readonly Block[] {
  const blocks: Block[] = [];
  walkStatements(body, {
    statement: (node) => {
      if (node.kind === 'block') blocks.push(node);
      return true;
    },
  });
  return blocks;
}

export function containsStatement(body: readonly Statement[], wanted: (node: Statement) => boolean): boolean {
  let found = false;
  walkStatements(body, {
    statement: (node) => {
      found ||= wanted(node);
      return !found;
    },
  });
  return found;
}
