import type { Call, Expression, For, SetStatement, Statement } from '../parser/nodes.ts';
import { argumentParts, containsStatement, expressionParts, findUndeclared, walkStatements } from './walk.ts';

/** What a loop's body wants of `loop`. */
export interface LoopUse {
  /** Nothing, attributes that can be computed from the index, or the object itself. */
  readonly kind: 'none' | 'inline' | 'object';
  /** Other names of an inline loop's `loop`, as `{% set outer = loop %}` gives one for the loops inside. */
  readonly aliases: ReadonlySet<string>;
  /** The attributes that an inline loop's body reads, `cycle` as `index0`. */
  readonly attributes: ReadonlySet<string>;
}

const INLINE = new Set(['index', 'index0', 'first', 'last', 'length', 'revindex', 'revindex0', 'depth', 'depth0']);
/** These do not ask how many items there are, so a condition can be tried item by item. */
const INLINE_FILTERED = new Set(['index', 'index0', 'first', 'depth', 'depth0']);

const NONE: ReadonlySet<string> = new Set();
const OBJECT: LoopUse = { kind: 'object', aliases: NONE, attributes: NONE };

export function findLoopUse(node: For): LoopUse {
  if (node.recursive) return OBJECT;
  const mentioned = findUndeclared(node.body, ['loop']).has('loop');
  const scoped = containsStatement(node.body, (part) => part.kind === 'block' && part.scoped);
  if (!mentioned && !scoped) return { kind: 'none', aliases: NONE, attributes: NONE };
  if (scoped || containsStatement(node.body, seesVariables)) return OBJECT;
  const aliases = findAliases(node);
  const attributes = new AttributeUse(aliases).find(node.body);
  const inline = node.test === null ? INLINE : INLINE_FILTERED;
  if (attributes === null || [...attributes].some((name) => !inline.has(name))) return OBJECT;
  return { kind: 'inline', aliases: new Set(aliases.values()), attributes };
}

/** Whether a loop's body has a `break` or `continue` that means this loop. */
export function hasOwn(kind: 'break' | 'continue', body: readonly Statement[]): boolean {
  let found = false;
  walkStatements(body, {
    statement: (node) => {
      found ||= node.kind === kind || (node.kind === 'for' && hasOwn(kind, node.otherwise));
      return node.kind !== 'for';
    },
  });
  return found;
}

/** Whether a statement hands all variables on, `loop` among them. */
function seesVariables(node: Statement): boolean {
  if (node.kind === 'include' || node.kind === 'import' || node.kind === 'from-import') return node.withContext;
  return node.kind === 'debug';
}

/**
 * Names that mean the loop wherever the body reads them: assigned once, right in the body, and not read before.
 * By their statements.
 */
function findAliases({ target, body }: For): ReadonlyMap<Statement, string> {
  const aliases = new Map<Statement, string>();
  const stores = new Map<string, number>();
  const store = (name: string): void => void stores.set(name, (stores.get(name) ?? 0) + 1);
  const statement = (node: Statement): boolean => {
    if (node.kind === 'macro') store(node.name);
    else if (node.kind === 'import') store(node.target);
    else if (node.kind === 'from-import') for (const { alias } of node.names) store(alias);
    return true;
  };
  walkStatements(body, { store, statement });
  const loopVariables = new Set<string>();
  collectNames(target, loopVariables);
  body.forEach((node, at) => {
    const name = aliasOf(node);
    if (name === null || stores.get(name) !== 1 || loopVariables.has(name)) return;
    if (!findUndeclared(body.slice(0, at), [name]).has(name)) aliases.set(node, name);
  });
  return aliases;
}

function collectNames(target: For['target'], names: Set<string>): void {
  if (target.kind === 'name') names.add(target.name);
  else if (target.kind === 'tuple-target') for (const item of target.items) collectNames(item, names);
}

/** The name in `{% set name = loop %}`. */
export function aliasOf(node: Statement): string | null {
  if (node.kind !== 'set') return null;
  const { target, value }: SetStatement = node;
  return target.kind === 'name' && value.kind === 'name' && value.name === 'loop' ? target.name : null;
}

/** Finds which attributes of `loop` a body reads. */
class AttributeUse {
  private readonly found = new Set<string>();
  /** Set when `loop` is used as something else than `loop.<name>` or `loop.cycle(…)`. */
  private whole = false;

  constructor(private readonly aliases: ReadonlyMap<Statement, string>) {}

  find(body: readonly Statement[]): ReadonlySet<string> | null {
    this.body(body, new Set(['loop', ...this.aliases.values()]));
    return this.whole ? null : this.found;
  }

  private body(body: readonly Statement[], names: ReadonlySet<string>): void {
    walkStatements(body, {
      expression: (node) => this.expression(node, names),
      statement: (node) => {
        if (this.aliases.has(node) || node.kind === 'block') return false;
        // Called with a body of its own it needs something to be called on.
        if (node.kind === 'call-block' && isCycle(node.call)) this.whole = true;
        if (node.kind !== 'for') return true;
        // A loop inside has a `loop` of its own in its body; what stands in its tag still means this one.
        for (const part of [node.iterable, node.test]) if (part !== null) this.visit(part, names);
        this.body(node.body, new Set([...names].filter((name) => name !== 'loop')));
        this.body(node.otherwise, names);
        return false;
      },
    });
  }

  private visit(node: Expression, names: ReadonlySet<string>): void {
    if (this.expression(node, names)) for (const part of expressionParts(node)) this.visit(part, names);
  }

  /** Whether the parts of the expression are still to be looked at. */
  private expression(node: Expression, names: ReadonlySet<string>): boolean {
    const means = (part: Expression): boolean => part.kind === 'name' && names.has(part.name);
    if (means(node)) this.whole = true;
    if (node.kind === 'attribute' && means(node.object)) {
      if (node.name === 'cycle') this.whole = true;
      this.found.add(node.name);
      return false;
    }
    if (node.kind !== 'call' || !isCycle(node) || !means(node.callee.object)) return true;
    this.found.add('index0');
    for (const part of argumentParts(node.args)) this.visit(part, names);
    return false;
  }
}

type CycleCall = Call & { readonly callee: Expression & { readonly kind: 'attribute' } };

/** A call of `cycle` whose arguments are all positional. */
export function isCycle(node: Call): node is CycleCall {
  const { callee, args } = node;
  return (
    callee.kind === 'attribute' && callee.name === 'cycle' && args.keywords.length === 0 && args.keywordSpread === null
  );
}
