import type { TokenStream } from '../lexer/stream.ts';
import { parseExpression } from './expressions.ts';
import { NO_ARGUMENTS, type Arguments, type Expression } from './nodes.ts';

/** `(a, b=c, *d, **e)`. Where they are `optional`, no parenthesis means no arguments. */
export function parseArguments(stream: TokenStream, optional = false): Arguments {
  if (optional && !stream.is('lparen')) return NO_ARGUMENTS;
  const { line } = stream.expect('lparen');
  const positional: Expression[] = [];
  const keywords: { name: string; value: Expression }[] = [];
  let spread: Expression | null = null;
  let keywordSpread: Expression | null = null;
  const require = (valid: boolean): void => {
    if (!valid) stream.fail('invalid syntax for function call expression', line);
  };
  for (let first = true; !stream.is('rparen'); first = false) {
    if (!first) {
      stream.expect('comma');
      if (stream.is('rparen')) break;
    }
    if (stream.skipIf('mul')) {
      require(spread === null && keywordSpread === null);
      spread = parseExpression(stream);
    } else if (stream.skipIf('pow')) {
      require(keywordSpread === null);
      keywordSpread = parseExpression(stream);
    } else if (stream.is('name') && stream.look().type === 'assign') {
      require(keywordSpread === null);
      const name = stream.next().text;
      if (keywords.some((keyword) => keyword.name === name)) stream.fail(`keyword argument repeated: ${name}`, line);
      stream.next();
      keywords.push({ name, value: parseExpression(stream) });
    } else {
      require(spread === null && keywordSpread === null && keywords.length === 0);
      positional.push(parseExpression(stream));
    }
  }
  stream.expect('rparen');
  return { positional, keywords, spread, keywordSpread };
}
