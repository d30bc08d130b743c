import type { Expression, For, Statement } from '../parser/nodes.ts';
import { containsStatement, findUndeclared, walkExpression, walkStatements } from './walk.ts';

/**
 * What a loop's body wants of `loop`: nothing, attributes that can be computed from the index, or the object itself.
 */
export interface LoopUse {
  readonly kind: 'none' | 'inline' | 'object';
}

const INLINE = new Set(['index', 'index0', 'first', 'last', 'length', 'revindex', 'revindex0', 'depth', 'depth0']);
/** These do not ask how many items there are, so a condition can be tried item by item. */
const INLINE_FILTERED = new Set(['index', 'index0', 'first', 'depth', 'depth0']);

export function findLoopUse(node: For): LoopUse {
  if (node.recursive) return { kind: 'object' };
  const mentioned = findUndeclared(node.body, ['loop']).has('loop');
  const scoped = containsStatement(node.body, (part) => part.kind === 'block' && part.scoped);
  if (!mentioned && !scoped) return { kind: 'none' };
  if (scoped || containsStatement(node.body, seesVariables)) return { kind: 'object' };
  return { kind: onlyAttributes(node.body, node.test === null ? INLINE : INLINE_FILTERED) ? 'inline' : 'object' };
}

/** Whether a statement hands all variables on, `loop` among them. */
function seesVariables(node: Statement): boolean {
  if (node.kind === 'include' || node.kind === 'import' || node.kind === 'from-import') return node.withContext;
  return node.kind === 'debug';
}

/** Whether `loop` is only used as `loop.<name>` with one of the names, or as `loop.cycle(…)`. */
function onlyAttributes(body: readonly Statement[], names: ReadonlySet<string>): boolean {
  let only = true;
  const isLoop = (node: Expression): boolean => node.kind === 'name' && node.name === 'loop';
  const expression = (node: Expression): boolean => {
    if (isLoop(node)) only = false;
    if (node.kind === 'attribute' && isLoop(node.object) && names.has(node.name)) return false;
    if (node.kind !== 'call' || node.callee.kind !== 'attribute' || !isLoop(node.callee.object)) return true;
    const { args } = node;
    if (node.callee.name !== 'cycle' || args.keywords.length > 0 || args.keywordSpread !== null) return true;
    for (const part of [...args.positional, ...(args.spread === null ? [] : [args.spread])])
      walkExpression(part, { expression });
    return false;
  };
  // A loop inside has a `loop` of its own in its body; what stands in its tag still means this one.
  const statement = (node: Statement): boolean => {
    if (node.kind !== 'for') return node.kind !== 'block';
    for (const part of [node.iterable, node.test]) if (part !== null) walkExpression(part, { expression });
    if (findLoopUse(node).kind === 'none') walkStatements(node.body, { expression, statement });
    walkStatements(node.otherwise, { expression, statement });
    return false;
  };
  walkStatements(body, { expression, statement });
  return only;
}
