import { compileTemplate } from './compiler/template.ts';
import { TemplateNotFound } from './errors.ts';
import { Lexer } from './lexer/lexer.ts';
import type { Syntax } from './lexer/syntax.ts';
import type { TemplateTree } from './parser/nodes.ts';
import { parseTemplate, type ParserOptions } from './parser/parser.ts';
import { Context, type Render } from './runtime/context.ts';
import { withinStack } from './nesting.ts';
import { makeKit } from './runtime/kit.ts';
import type { RenderRuntime } from './runtime/render-runtime.ts';
import type { RunnableTemplate } from './runtime/template.ts';
import type { Value } from './values/index.ts';

export interface EngineOptions {
  readonly syntax: Syntax;
  readonly parser: ParserOptions;
  readonly runtime: RenderRuntime;
  readonly escapes: (name: string | null) => boolean;
  /** A template's source by its name. */
  readonly find: (name: string) => string | null;
  /** Applied to every printed value, if given. */
  readonly finalize: ((value: Value) => Value) | null;
}

interface Generated {
  readonly root: Render;
  readonly blocks: ReadonlyMap<string, Render>;
}

/** From source to something that renders: lexer, parser, compiler, and the templates it has already seen. */
export class Engine {
  private readonly lexer: Lexer;
  private readonly kit: ReturnType<typeof makeKit>;
  private readonly loaded = new Map<string, RunnableTemplate>();

  constructor(private readonly options: EngineOptions) {
    this.lexer = new Lexer(options.syntax);
    this.kit = makeKit(options.finalize);
  }

  /**
   * The template of a name, compiled anew only when its source has changed.
   * @throws TemplateNotFound, TemplateSyntaxError
   */
  load(name: string): RunnableTemplate {
    const source = this.options.find(name);
    if (source === null) throw new TemplateNotFound(name);
    const known = this.loaded.get(name);
    if (known?.source === this.lexer.normalise(source)) return known;
    const template = this.compile(source, name);
    this.loaded.set(name, template);
    return template;
  }

  /** @throws TemplateSyntaxError */
  parse(source: string, name: string | null = null): TemplateTree {
    return parseTemplate(this.lexer, source, name, this.options.parser);
  }

  /** @throws TemplateSyntaxError */
  compile(source: string, name: string | null = null): RunnableTemplate {
    const { runtime, escapes, finalize } = this.options;
    const tree = this.parse(source, name);
    const options = { runtime, autoescape: escapes(name), finalize: finalize !== null };
    const { code, places, reads } = compileTemplate(tree, name, options);
    const template: RunnableTemplate = {
      name,
      source: this.lexer.normalise(source),
      places,
      reads,
      tagEnds: tree.tagEnds,
      root: (context) => generated.root(context),
      blocks: new Map<string, Render>(),
      newContext: (names) => new Context(names, name, template.blocks),
    };
    // The code is made of checked pieces only: slots, numbers, and strings quoted as JSON.
    type Generate = (kit: unknown, rt: unknown, template: unknown) => Generated;
    // oxlint-disable-next-line typescript/no-implied-eval -- compiling a template to a function is what this is for
    const generate = (): Generate => new Function('h', 'rt', 'T', code) as Generate;
    const generated = withinStack(generate, () => ({ templateName: name, line: 1 }))(this.kit, runtime, template);
    return Object.assign(template, { blocks: generated.blocks, root: generated.root });
  }
}
