import type { TokenStream } from '../lexer/stream.ts';
import { parseExpression } from './expressions.ts';
import type { Expression } from './nodes.ts';

/** What stands between brackets, separated by commas; a last comma may follow. */
function parseItems<T>(stream: TokenStream, end: 'rbracket' | 'rbrace', parseOne: () => T): readonly T[] {
  const items: T[] = [];
  while (!stream.is(end)) {
    if (items.length > 0) stream.expect('comma');
    if (stream.is(end)) break;
    items.push(parseOne());
  }
  stream.expect(end);
  return items;
}

export function parseList(stream: TokenStream): Expression {
  const { line } = stream.expect('lbracket');
  return { kind: 'list', items: parseItems(stream, 'rbracket', () => parseExpression(stream)), line };
}

export function parseDict(stream: TokenStream): Expression {
  const { line } = stream.expect('lbrace');
  const entries = parseItems(stream, 'rbrace', () => {
    const key = parseExpression(stream);
    stream.expect('colon');
    return [key, parseExpression(stream)] as const;
  });
  return { kind: 'dict', entries, line };
}
