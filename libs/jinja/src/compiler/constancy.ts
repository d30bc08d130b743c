import type { Expression } from '../parser/nodes.ts';
import { argumentParts, expressionParts } from './walk.ts';

/** Filters that Jinja2 hands the context, so that it never computes them ahead of time. */
const NEEDS_CONTEXT = new Set(['map', 'select', 'reject', 'selectattr', 'rejectattr', 'random']);

/**
 * Whether Jinja2 computes an expression when it compiles the template. It shows in one place: joined constants have
 * forgotten which of them was markup.
 */
export function isComputedAhead(node: Expression): boolean {
  switch (node.kind) {
    case 'name':
    case 'call':
    case 'markup-if-escaping':
      return false;
    case 'filter':
      if (NEEDS_CONTEXT.has(node.name) || node.input === null) return false;
      return isComputedAhead(node.input) && argumentParts(node.args).every(isComputedAhead);
    default:
      return expressionParts(node).every(isComputedAhead);
  }
}
