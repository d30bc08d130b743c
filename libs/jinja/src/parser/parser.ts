import { TemplateSyntaxError, type Place } from '../errors.ts';
import type { Lexer } from '../lexer/lexer.ts';
import { describePattern, TokenStream, type TokenPattern } from '../lexer/stream.ts';
import { withinStack } from '../nesting.ts';
import type { Data, Output, Print, Statement, TemplateTree } from './nodes.ts';
import { parseTuple } from './expressions.ts';
import { extensionTags, statementTags, type ExtensionName, type TagParser } from './tags.ts';

/** What a parser of a tag may need besides the tokens. */
export interface ParserOptions {
  readonly extensions: ReadonlySet<ExtensionName>;
  /** Whether `trans` collapses whitespace unless told otherwise (the policy `ext.i18n.trimmed`). */
  readonly trimTranslations: boolean;
}

/** @throws TemplateSyntaxError */
export function parseTemplate(
  lexer: Lexer,
  source: string,
  templateName: string | null,
  options: ParserOptions,
): TemplateTree {
  const stream = new TokenStream(lexer.tokens(lexer.normalise(source), templateName), templateName);
  const place = (): Place => ({ templateName, line: stream.current.line });
  const body = withinStack(() => new Parser(stream, options).statements(null), place);
  return { body, tagEnds: stream.tagEnds };
}

/** Statements: text, prints and tags, nested as their end tags say. */
export class Parser {
  /** The tags that are open, and what would end each of them; both only for messages. */
  private readonly openTags: string[] = [];
  private readonly endings: (readonly TokenPattern[])[] = [];

  constructor(
    readonly stream: TokenStream,
    readonly options: ParserOptions,
  ) {}

  /**
   * The body of a tag: from the end of the opening tag up to one of `ends`, which stays current unless `drop`ped.
   */
  body(ends: readonly TokenPattern[], drop = false): readonly Statement[] {
    // A colon as in Python is allowed.
    this.stream.skipIf('colon');
    this.stream.expect('block_end');
    const body = this.statements(ends);
    if (this.stream.is('eof')) this.failUnclosed(null, this.stream.current.line, [...this.endings, ends]);
    if (drop) this.stream.next();
    return body;
  }

  statements(ends: readonly TokenPattern[] | null): readonly Statement[] {
    const { stream } = this;
    const body: Statement[] = [];
    let parts: (Data | Print)[] = [];
    const flush = (): void => {
      if (parts.length > 0) body.push({ kind: 'output', parts } satisfies Output);
      parts = [];
    };
    if (ends !== null) this.endings.push(ends);
    while (!stream.is('eof')) {
      const token = stream.next();
      if (token.type === 'data') parts.push({ kind: 'data', text: token.text });
      else if (token.type === 'variable_begin') {
        const { tag } = stream;
        const value = parseTuple(stream);
        parts.push({ kind: 'print', value, line: value.line, tag });
        stream.expect('variable_end');
      } else {
        flush();
        if (ends !== null && stream.is(...ends)) break;
        body.push(...this.statement());
        stream.expect('block_end');
      }
    }
    flush();
    if (ends !== null) this.endings.pop();
    return body;
  }

  private statement(): readonly Statement[] {
    const { stream } = this;
    const token = stream.current;
    if (token.type !== 'name') stream.fail('tag name expected', token.line);
    const parse = statementTags.get(token.text) ?? this.extensionTag(token.text);
    if (parse === undefined) return this.failUnclosed(token.text, token.line, this.endings);
    this.openTags.push(token.text);
    const place = { line: token.line, tag: stream.tag };
    stream.next();
    const parsed = parse(this, place);
    this.openTags.pop();
    return Array.isArray(parsed) ? (parsed as readonly Statement[]) : [parsed as Statement];
  }

  private extensionTag(name: string): TagParser | undefined {
    const tag = extensionTags.get(name);
    return tag !== undefined && this.options.extensions.has(tag.extension) ? tag.parse : undefined;
  }

  /** Fails at an unknown tag, or (without a name) at the end of the template, and says what was expected. */
  private failUnclosed(name: string | null, line: number, endings: readonly (readonly TokenPattern[])[]): never {
    const message = [name === null ? 'Unexpected end of template.' : `Encountered unknown tag '${name}'.`];
    const wanted = endings
      .at(-1)
      ?.map((pattern) => `'${describePattern(pattern)}'`)
      .join(' or ');
    if (wanted !== undefined) {
      const nested = name !== null && endings.some((ends) => ends.some((end) => describePattern(end) === name));
      message.push(
        nested
          ? `You probably made a nesting mistake. Jinja is expecting this tag, but currently looking for ${wanted}.`
          : `Jinja was looking for the following tags: ${wanted}.`,
      );
    }
    const innermost = this.openTags.at(-1);
    if (innermost !== undefined) message.push(`The innermost block that needs to be closed is '${innermost}'.`);
    throw new TemplateSyntaxError(message.join(' '), { templateName: this.stream.templateName, line });
  }
}
