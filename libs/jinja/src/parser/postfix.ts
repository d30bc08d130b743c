import type { TokenStream } from '../lexer/stream.ts';
import { parseArguments } from './arguments.ts';
import { parseExpression } from './expressions.ts';
import type { Expression } from './nodes.ts';

/** Attributes, items and calls after an expression. */
export function parsePostfix(stream: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    const { line } = stream.current;
    if (stream.is('dot')) node = parseAttribute(stream, node);
    else if (stream.is('lbracket')) node = { kind: 'item', object: node, key: parseKey(stream), line };
    else if (stream.is('lparen')) node = { kind: 'call', callee: node, args: parseArguments(stream), line };
    else return node;
  }
}

/** `x.name`, or `x.0`, which is an item. */
function parseAttribute(stream: TokenStream, object: Expression): Expression {
  const { line } = stream.next();
  const token = stream.next();
  if (token.type === 'name') return { kind: 'attribute', object, name: token.text, line };
  if (token.type !== 'integer') stream.fail('expected name or number', token.line);
  return { kind: 'item', object, key: { kind: 'constant', value: token.value, line: token.line }, line };
}

function parseKey(stream: TokenStream): Expression {
  const { line } = stream.next();
  const keys: Expression[] = [];
  while (!stream.is('rbracket')) {
    if (keys.length > 0) stream.expect('comma');
    keys.push(parseSubscript(stream));
  }
  stream.expect('rbracket');
  const [only] = keys;
  return keys.length === 1 && only !== undefined ? only : { kind: 'tuple', items: keys, line };
}

/** An expression or `start:stop:step`, all of whose parts are optional. */
function parseSubscript(stream: TokenStream): Expression {
  const { line } = stream.current;
  const start = stream.is('colon') ? null : parseExpression(stream);
  if (start !== null && !stream.is('colon')) return start;
  stream.next();
  const part = (): Expression | null => (stream.is('colon', 'rbracket', 'comma') ? null : parseExpression(stream));
  const stop = part();
  const step = stream.skipIf('colon') && !stream.is('rbracket', 'comma') ? parseExpression(stream) : null;
  return { kind: 'slice', start, stop, step, line };
}
