import { TemplateSyntaxError } from '../errors.ts';
import { describeToken, describeType, type Token, type TokenType } from './tokens.ts';

/** What to look for: a kind of token, or a certain name (`name:endfor`). */
export type TokenPattern = TokenType | `name:${string}`;

export function matches(token: Token, pattern: TokenPattern): boolean {
  if (pattern.startsWith('name:')) return token.type === 'name' && token.text === pattern.slice(5);
  return token.type === pattern;
}

export function describePattern(pattern: TokenPattern): string {
  return pattern.startsWith('name:') ? pattern.slice(5) : describeType(pattern as TokenType);
}

/** The parser's view of the tokens: the current one and, on demand, the one after it. */
export class TokenStream {
  current: Token;
  /** Where each tag ends, by where it starts: what an error can show of the template. */
  readonly tagEnds = new Map<number, number>();
  private ahead: Token | null = null;
  private tagStart = 0;

  constructor(
    private readonly tokens: Iterator<Token, void>,
    readonly templateName: string | null,
  ) {
    this.current = { type: 'eof', text: '', value: null, line: 1, start: 0, end: 0 };
    this.current = this.read();
  }

  /** Moves on and gives the token that was current. */
  next(): Token {
    const token = this.current;
    this.current = this.ahead ?? this.read();
    this.ahead = null;
    return token;
  }

  look(): Token {
    return (this.ahead ??= this.read());
  }

  is(...patterns: readonly TokenPattern[]): boolean {
    return patterns.some((pattern) => matches(this.current, pattern));
  }

  skipIf(pattern: TokenPattern): boolean {
    const matched = this.is(pattern);
    if (matched) this.next();
    return matched;
  }

  expect(pattern: TokenPattern): Token {
    if (this.is(pattern)) return this.next();
    const expected = describePattern(pattern);
    if (this.current.type === 'eof') return this.fail(`unexpected end of template, expected '${expected}'.`);
    return this.fail(`expected token ${pythonQuote(expected)}, got ${pythonQuote(describeToken(this.current))}`);
  }

  fail(message: string, line = this.current.line, kind: typeof TemplateSyntaxError = TemplateSyntaxError): never {
    throw new kind(message, { templateName: this.templateName, line });
  }

  /** Where the tag that is being read starts. */
  get tag(): number {
    return this.tagStart;
  }

  private track(token: Token): Token {
    if (token.type === 'variable_begin' || token.type === 'block_begin') this.tagStart = token.start;
    if (token.type === 'variable_end' || token.type === 'block_end') this.tagEnds.set(this.tagStart, token.end);
    return token;
  }

  private read(): Token {
    const step = this.tokens.next();
    if (step.done !== true) return this.track(step.value);
    const { line, end } = this.ahead ?? this.current;
    return { type: 'eof', text: '', value: null, line, start: end, end };
  }
}

function pythonQuote(text: string): string {
  return text.includes("'") ? `"${text}"` : `'${text}'`;
}
