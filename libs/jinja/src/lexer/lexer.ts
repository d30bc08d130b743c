import { TemplateSyntaxError } from '../errors.ts';
import { codePoints, quote, type Value } from '../values/index.ts';
import { readFloat, readInteger, readString } from './literals.ts';
import * as patterns from './patterns.ts';
import type { Syntax } from './syntax.ts';
import { OPERATORS, type Token, type TokenType } from './tokens.ts';

const CLOSERS: Readonly<Record<string, string>> = { '{': '}', '(': ')', '[': ']' };

/** Splits a template's source into tokens, as Jinja2 does; comments and raw markers do not come out. */
export class Lexer {
  private readonly patterns: patterns.Patterns;

  constructor(private readonly syntax: Syntax) {
    this.patterns = patterns.compilePatterns(syntax);
  }

  /** The source as it is lexed: line ends are newlines, and the last one is dropped unless it is to be kept. */
  normalise(source: string): string {
    const text = source.includes('\r') ? source.replace(/\r\n?/g, '\n') : source;
    return !this.syntax.keepTrailingNewline && text.endsWith('\n') ? text.slice(0, -1) : text;
  }

  /** @throws TemplateSyntaxError when the walk comes to something that is no token */
  tokens(normalised: string, templateName: string | null): Generator<Token, void> {
    return new Scan(normalised, templateName, this.syntax, this.patterns).root();
  }
}

/** One walk through a source. */
class Scan {
  private at = 0;
  private line = 1;
  /** Whether the last thing read ended a line; decides if whitespace before a tag is its indentation. */
  private atLineStart = true;

  constructor(
    private readonly source: string,
    private readonly templateName: string | null,
    private readonly syntax: Syntax,
    private readonly patterns: patterns.Patterns,
  ) {}

  *root(): Generator<Token, void> {
    while (this.at < this.source.length) {
      const match = this.search(this.patterns.opening);
      if (match === null) {
        yield* this.data(this.source.slice(this.at), this.source.length);
        return;
      }
      const opening = patterns.OPENINGS.find((name) => match.groups?.[name] !== undefined) ?? 'block';
      const text = this.source.slice(this.at, match.index);
      yield* this.data(this.stripBefore(text, opening, match.groups?.[`${opening}Sign`] ?? ''), match.index);
      yield* this.opened(opening, match);
    }
  }

  private *opened(opening: patterns.Opening, match: RegExpExecArray): Generator<Token, void> {
    const start = this.at;
    const line = this.line;
    this.advance(match[0]);
    switch (opening) {
      case 'raw':
        return yield* this.raw();
      case 'comment':
        this.skip(this.patterns.commentEnd, 'Missing end of comment tag');
        return;
      case 'lineComment':
        this.skip(this.patterns.lineCommentEnd, 'Missing end of comment tag');
        return;
      case 'variable':
        yield this.token('variable_begin', match[0], line, start);
        return yield* this.code(this.patterns.variableEnd, 'variable_end');
      case 'block':
        yield this.token('block_begin', match[0], line, start);
        return yield* this.code(this.patterns.blockEnd, 'block_end');
      case 'lineStatement':
        yield this.token('block_begin', match[0], line, start);
        return yield* this.code(this.patterns.lineStatementEnd, 'block_end');
    }
  }

  /** Text up to `end`, where whitespace control may have taken some of it away; lines count with what is gone. */
  private *data(text: string, end: number): Generator<Token, void> {
    if (text !== '') yield this.token('data', this.withNewlineSequence(text), this.line, this.at, end);
    if (end > this.at) this.advance(this.source.slice(this.at, end));
  }

  /** What is left of the text before a tag. */
  private stripBefore(text: string, opening: patterns.Opening | 'endraw', sign: string): string {
    if (sign === '-') return text.replace(patterns.TRAILING_WHITESPACE, '');
    if (sign === '+' || !this.syntax.lstripBlocks || opening === 'variable') return text;
    const lineStart = text.lastIndexOf('\n') + 1;
    const indented = lineStart > 0 || this.atLineStart;
    return indented && patterns.ONLY_WHITESPACE.test(text.slice(lineStart)) ? text.slice(0, lineStart) : text;
  }

  private *raw(): Generator<Token, void> {
    const match = this.search(this.patterns.rawEnd);
    if (match === null) {
      this.unclosed('Missing end of raw directive');
      return;
    }
    const text = this.source.slice(this.at, match.index);
    yield* this.data(this.stripBefore(text, 'endraw', match.groups?.['sign'] ?? ''), match.index);
    this.advance(match[0]);
  }

  private skip(end: RegExp, problem: string): void {
    const match = this.search(end);
    if (match === null) this.unclosed(problem);
    else this.advance(this.source.slice(this.at, match.index + match[0].length));
  }

  /** Jinja2 lets a comment or raw block go that opens as the very last thing. */
  private unclosed(problem: string): void {
    if (this.at < this.source.length) this.fail(problem);
  }

  /** The inside of a tag, up to and with its end. An end inside of brackets is no end. */
  private *code(end: RegExp, endType: TokenType): Generator<Token, void> {
    const brackets: string[] = [];
    for (;;) {
      const ended = brackets.length === 0 ? this.match(end) : null;
      if (ended !== null) {
        yield this.take(endType, ended);
        return;
      }
      if (this.at >= this.source.length) return;
      const space = this.match(patterns.WHITESPACE);
      if (space !== null) this.advance(space);
      else yield this.codeToken(brackets);
    }
  }

  private codeToken(brackets: string[]): Token {
    const float = this.match(patterns.FLOAT);
    if (float !== null) return this.take('float', float, readFloat(float));
    const integer = this.match(patterns.INTEGER);
    if (integer !== null) {
      const value = this.readLiteral(() => readInteger(integer));
      return this.take('integer', integer, value);
    }
    const word = this.match(patterns.WORD);
    if (word !== null) {
      if (!patterns.IDENTIFIER.test(word)) this.fail('Invalid character in identifier');
      return this.take('name', word);
    }
    const string = this.match(patterns.STRING);
    if (string !== null) {
      const value = this.readLiteral(() => readString(this.withNewlineSequence(string.slice(1, -1))));
      return this.take('string', string, value);
    }
    const operator = this.match(patterns.OPERATOR);
    if (operator === null) return this.unexpected();
    this.balance(operator, brackets);
    return this.take(OPERATORS[operator as keyof typeof OPERATORS], operator);
  }

  private readLiteral(read: () => Value): Value {
    try {
      return read();
    } catch (error) {
      return this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  private balance(operator: string, brackets: string[]): void {
    const closer = CLOSERS[operator];
    if (closer !== undefined) brackets.push(closer);
    else if (operator === '}' || operator === ')' || operator === ']') {
      const expected = brackets.pop();
      if (expected === undefined) this.fail(`unexpected '${operator}'`);
      if (expected !== operator) this.fail(`unexpected '${operator}', expected '${expected}'`);
    }
  }

  private unexpected(): never {
    const char = String.fromCodePoint(this.source.codePointAt(this.at) ?? 0);
    const position = codePoints(this.source.slice(0, this.at)).length;
    return this.fail(`unexpected char ${quote(char)} at ${position}`);
  }

  private withNewlineSequence(text: string): string {
    return this.syntax.newlineSequence === '\n' ? text : text.replaceAll('\n', this.syntax.newlineSequence);
  }

  private search(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    return pattern.exec(this.source);
  }

  private match(pattern: RegExp): string | null {
    return this.search(pattern)?.[0] ?? null;
  }

  private take(type: TokenType, text: string, value: Value = null): Token {
    const token = this.token(type, text, this.line, this.at, this.at + text.length, value);
    this.advance(text);
    return token;
  }

  private token(type: TokenType, text: string, line: number, start: number, end = this.at, value: Value = null): Token {
    return { type, text, value, line, start, end };
  }

  private advance(text: string): void {
    for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) this.line++;
    this.at += text.length;
    this.atLineStart = text.endsWith('\n');
  }

  private fail(message: string): never {
    throw new TemplateSyntaxError(message, { templateName: this.templateName, line: this.line });
  }
}
