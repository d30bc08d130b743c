import type { TokenStream } from '../lexer/stream.ts';
import type { TokenPattern } from '../lexer/stream.ts';
import { parsePrimary, parseTuple } from './expressions.ts';
import type { Expression, Name, Target } from './nodes.ts';

const RESERVED = new Set(['true', 'false', 'none', 'True', 'False', 'None']);

/** A single name to assign to. */
export function parseName(stream: TokenStream): Name {
  const { text: name, line } = stream.expect('name');
  if (RESERVED.has(name)) stream.fail("can't assign to 'name'", line);
  return { kind: 'name', name, line };
}

/** A name or, with commas or parentheses, several of them. */
export function parseTarget(stream: TokenStream, end?: TokenPattern): Target {
  const parsed = parseTuple(stream, { item: parsePrimary, ...(end === undefined ? {} : { end }) });
  return toTarget(parsed) ?? stream.fail(`can't assign to '${describeKind(parsed)}'`, parsed.line);
}

/** What `set` assigns to: also an attribute of a namespace. */
export function parseSetTarget(stream: TokenStream): Target {
  if (stream.look().type !== 'dot') return parseTarget(stream);
  const { text: name, line } = stream.expect('name');
  stream.next();
  return { kind: 'namespace-target', name, attribute: stream.expect('name').text, line };
}

function toTarget(node: Expression): Target | null {
  if (node.kind === 'name') return node;
  if (node.kind !== 'tuple') return null;
  const items = node.items.map(toTarget);
  return items.every((item): item is Target => item !== null) ? { kind: 'tuple-target', items, line: node.line } : null;
}

/** Python's name of the node, as its messages have it. */
function describeKind(node: Expression): string {
  return node.kind === 'constant' ? 'const' : node.kind;
}
