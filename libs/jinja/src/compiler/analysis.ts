import type { Expression, Signature, Statement, Target } from '../parser/nodes.ts';
import { walkExpression } from './walk.ts';
import type { Scope } from './scope.ts';

/**
 * Finds the names a frame uses. Bodies that make a frame of their own (loops, macros, `with`, captures) are left out,
 * but what stands in their tags and is computed outside of them is counted.
 */

export function analyseExpression(scope: Scope, node: Expression | null): void {
  if (node !== null) walkExpression(node, { load: (name) => scope.load(name) });
}

function analyseTarget(scope: Scope, target: Target, parameter: boolean): void {
  if (target.kind === 'name') {
    if (parameter) scope.parameter(target.name);
    else scope.store(target.name);
  } else if (target.kind === 'namespace-target') scope.load(target.name);
  else for (const item of target.items) analyseTarget(scope, item, parameter);
}

/** Names that are given from outside: loop variables, those of `with`. */
export function analyseParameters(scope: Scope, target: Target): void {
  analyseTarget(scope, target, true);
}

export function analyseSignature(scope: Scope, signature: Signature): void {
  for (const parameter of signature.parameters) scope.parameter(parameter.name);
  for (const value of signature.defaults) analyseExpression(scope, value);
}

export function analyseBody(scope: Scope, body: readonly Statement[]): void {
  for (const statement of body) analyseStatement(scope, statement);
}

function analyseStatement(scope: Scope, node: Statement): void {
  switch (node.kind) {
    case 'output':
      for (const part of node.parts) if (part.kind === 'print') analyseExpression(scope, part.value);
      return;
    case 'for':
      return analyseExpression(scope, node.iterable);
    case 'if':
      return analyseIf(scope, node.branches, node.otherwise);
    case 'macro':
      return scope.store(node.name);
    case 'call-block':
      return analyseExpression(scope, node.call);
    case 'filter-block':
      return analyseExpression(scope, node.filter);
    case 'with':
      for (const binding of node.bindings) analyseExpression(scope, binding.value);
      return;
    case 'set':
      analyseExpression(scope, node.value);
      return analyseTarget(scope, node.target, false);
    case 'set-block':
      return analyseTarget(scope, node.target, false);
    case 'import':
      analyseExpression(scope, node.template);
      return scope.store(node.target);
    case 'from-import':
      analyseExpression(scope, node.template);
      for (const { alias } of node.names) scope.store(alias);
      return;
    case 'include':
    case 'extends':
      return analyseExpression(scope, node.template);
    case 'do':
      return analyseExpression(scope, node.value);
    case 'autoescape':
    case 'block':
    case 'break':
    case 'continue':
    case 'debug':
      return;
  }
}

type Branches = readonly { readonly test: Expression; readonly body: readonly Statement[] }[];

function analyseIf(scope: Scope, branches: Branches, otherwise: readonly Statement[]): void {
  const [first, ...rest] = branches;
  if (first === undefined) return;
  analyseExpression(scope, first.test);
  const then = scope.branch();
  analyseBody(then, first.body);
  // The `elif`s count as one branch, in which each is an `if` of its own.
  const alternatives = scope.branch();
  for (const branch of rest) analyseIf(alternatives, [branch], []);
  const last = scope.branch();
  analyseBody(last, otherwise);
  scope.merge([then, alternatives, last]);
}
