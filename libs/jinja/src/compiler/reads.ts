import type { Expression, Include, Signature, Statement, Target } from '../parser/nodes.ts';
import { mayMutate, isRepeatable } from './repeatable.ts';
import type { Unit } from './unit.ts';
import { walkExpression } from './walk.ts';

/** A template that a body includes by a fixed name. */
export interface IncludedTemplate {
  readonly name: string;
  readonly withContext: boolean;
  /** The body's own variables at that place: what the included template reads of these comes from the body. */
  readonly own: ReadonlySet<string>;
}

/**
 * Everything from outside that the text of a body depends on. Whoever finds all of it unchanged has the text that the
 * body gave before.
 */
export interface Reads {
  readonly names: ReadonlySet<string>;
  readonly includes: readonly IncludedTemplate[];
  /** Whether the body may change a list or mapping that it did not make. */
  readonly mutates: boolean;
}

/**
 * What a body reads; null for one that does anything else than to compute text from what it reads.
 * @param given names that have a value of the body's own from the start
 */
export function findReads(unit: Unit, body: readonly Statement[], given: Iterable<string>): Reads | null {
  // What an environment's `finalize` does is not known.
  if (unit.options.finalize) return null;
  const finder = new ReadsFinder(unit);
  finder.body(body, new Set(given));
  return finder.repeatable ? finder : null;
}

class ReadsFinder implements Reads {
  readonly names = new Set<string>();
  readonly includes: IncludedTemplate[] = [];
  mutates = false;
  repeatable = true;

  constructor(private readonly unit: Unit) {}

  /** @param own names the body itself has given a value; grows on the way */
  body(body: readonly Statement[], own: Set<string>): void {
    for (const statement of body) this.statement(statement, own);
  }

  private inner(body: readonly Statement[], own: ReadonlySet<string>, more: Iterable<string> = []): void {
    this.body(body, new Set([...own, ...more]));
  }

  private statement(node: Statement, own: Set<string>): void {
    switch (node.kind) {
      case 'output':
        for (const part of node.parts) if (part.kind === 'print') this.expression(part.value, own);
        return;
      case 'for':
        return this.loop(node, own);
      case 'if':
        for (const branch of node.branches) {
          this.expression(branch.test, own);
          this.inner(branch.body, own);
        }
        return this.inner(node.otherwise, own);
      case 'macro':
        own.add(node.name);
        return this.callable(node.signature, node.body, own);
      case 'call-block':
        this.expression(node.call, own);
        return this.callable(node.signature, node.body, own);
      case 'filter-block':
        this.inner(node.body, own);
        return this.expression(node.filter, own);
      case 'with':
        for (const { value } of node.bindings) this.expression(value, own);
        return this.inner(node.body, own, this.assigned(...node.bindings.map(({ target }) => target)));
      case 'autoescape':
        this.expression(node.value, own);
        return this.inner(node.body, own);
      case 'set':
        this.expression(node.value, own);
        return this.assign(node.target, own);
      case 'set-block':
        this.inner(node.body, own);
        if (node.filter !== null) this.expression(node.filter, own);
        return this.assign(node.target, own);
      case 'do':
        return this.expression(node.value, own);
      case 'include':
        return this.include(node, own);
      case 'break':
      case 'continue':
        return;
      case 'block':
      case 'extends':
      case 'import':
      case 'from-import':
      case 'debug':
        this.repeatable = false;
    }
  }

  private loop(node: Statement & { readonly kind: 'for' }, own: ReadonlySet<string>): void {
    const targets = this.assigned(node.target);
    this.expression(node.iterable, own);
    if (node.test !== null) this.expression(node.test, new Set([...own, ...targets]));
    this.inner(node.body, own, [...targets, 'loop']);
    this.inner(node.otherwise, own);
  }

  private callable({ parameters, defaults }: Signature, body: readonly Statement[], own: ReadonlySet<string>): void {
    const inner = new Set([...own, ...parameters.map(({ name }) => name), ...MACRO_NAMES]);
    for (const value of defaults) this.expression(value, inner);
    this.body(body, inner);
  }

  private include({ template, withContext }: Include, own: ReadonlySet<string>): void {
    if (template.kind !== 'constant' || typeof template.value !== 'string') this.repeatable = false;
    else this.includes.push({ name: template.value, withContext, own: new Set(own) });
  }

  private expression(node: Expression, own: ReadonlySet<string>): void {
    walkExpression(node, {
      load: (name) => {
        if (!own.has(name)) this.names.add(name);
      },
      expression: (part) => {
        this.repeatable &&= isRepeatable(this.unit, part);
        this.mutates ||= mayMutate(part, own);
        return true;
      },
    });
  }

  private assign(target: Target, own: Set<string>): void {
    for (const name of this.assigned(target)) own.add(name);
  }

  /** The names that get a value. A namespace that gets one is read, so that one from outside is noticed. */
  private assigned(...targets: readonly Target[]): readonly string[] {
    return targets.flatMap((target) => {
      if (target.kind === 'name') return [target.name];
      if (target.kind === 'tuple-target') return this.assigned(...target.items);
      this.names.add(target.name);
      return [];
    });
  }
}

/** Names that a macro's body has without declaring them. */
const MACRO_NAMES = ['caller', 'kwargs', 'varargs'];
