import nunjucks from 'nunjucks';
import * as builtins from './builtins/index.ts';
import { Engine } from './engine.ts';
import { TemplateNotFound } from './errors.ts';
import { DEFAULT_SYNTAX, type Syntax } from './lexer/syntax.ts';
import { readExtensions, readLimits, readTemplates, type EnvironmentOptions, type HostCallback } from './options.ts';
import { callerNames, FixedNames, type Names } from './runtime/context.ts';
import type { LoopMemory } from './runtime/loop-memory.ts';
import type { TemplateTree } from './parser/nodes.ts';
import type { Piece } from './runtime/pieces.ts';
import { RenderRuntime } from './runtime/render-runtime.ts';
import type { RunnableTemplate } from './runtime/template.ts';
import {
  type Callable,
  DEFAULT_LIMITS,
  DEFAULT_POLICIES,
  HostFunction,
  parseJson,
  UNDEFINED_CLASSES,
  type Value,
} from './values/index.ts';

interface Tables {
  readonly filters: Map<string, Callable>;
  readonly tests: Map<string, Callable>;
  readonly globals: Map<string, Value>;
}

/** What a template is rendered with: an object, a Map, a Dict, or the JSON text of an object. */
export type TemplateContext = object | string;

/** A compiled template. */
export interface Template {
  /** @throws TemplateError */
  render(context?: TemplateContext): string;
}

/**
 * A Jinja2 environment. It is a nunjucks `Environment` as well: `getTemplate` and everything that is built on it work,
 * with templates that come compiled out of the loader.
 */
export class Environment extends nunjucks.Environment {
  private readonly engine: Engine;
  private readonly runtime: RenderRuntime;
  /** Not there yet while nunjucks' constructor registers its own filters. */
  private readonly tables: Tables | undefined;

  constructor(options: EnvironmentOptions = {}) {
    const load = (name: string): RunnableTemplate => engine.load(name);
    super(new JinjaLoader(load, (template, context) => this.run(template, context)), { autoescape: false });
    const tables = {
      filters: register(new Map<string, Callable>(builtins.filters), options.filters),
      tests: register(new Map<string, Callable>(builtins.tests), options.tests),
      globals: registerValues(new Map(builtins.globals), options.globals),
    };
    this.tables = tables;
    const escapes = readEscaping(options.autoescape);
    const policies = { ...DEFAULT_POLICIES, ...options.policies } as Record<string, Value>;
    this.runtime = new RenderRuntime({
      filters: tables.filters,
      tests: tables.tests,
      methods: builtins.methods,
      limits: readLimits(options, DEFAULT_LIMITS),
      policies,
      undefinedClass: UNDEFINED_CLASSES[options.undefined ?? 'Undefined'],
      newlineSequence: options.newlineSequence ?? DEFAULT_SYNTAX.newlineSequence,
      random: options.random ?? Math.random,
      globals: new FixedNames(tables.globals),
      load,
      escapes,
    });
    const { finalize } = options;
    const engine = new Engine({
      syntax: readSyntax(options),
      parser: {
        extensions: readExtensions(options.extensions ?? []),
        trimTranslations: policies['ext.i18n.trimmed'] === true,
      },
      runtime: this.runtime,
      escapes,
      find: readTemplates(options.templates),
      finalize: finalize === undefined || finalize === null ? null : (value) => finalize(value) ?? null,
    });
    this.engine = engine;
  }

  /**
   * Renders the template of that name.
   * @throws TemplateError: TemplateNotFound, TemplateSyntaxError, UndefinedError, …
   */
  override render(name: string, context: TemplateContext = {}): string {
    return this.run(this.engine.load(name), context);
  }

  /**
   * The same text in less time, in pieces: loop bodies that would give what they gave in the memory's last render are
   * not run, and pieces of that render are the same objects again.
   * @throws TemplateError
   */
  renderAgain(name: string, context: TemplateContext, memory: LoopMemory): readonly Piece[] {
    return this.runtime.renderAgain(this.engine.load(name), namesOf(context), memory);
  }

  /** @throws TemplateError */
  override renderString(source: string, context: TemplateContext = {}): string {
    return this.run(this.engine.compile(source), context);
  }

  /** @throws TemplateSyntaxError */
  compile(source: string): Template {
    const template = this.engine.compile(source);
    return { render: (context = {}) => this.run(template, context) };
  }

  /**
   * The syntax tree of a source, for whoever wants to know what is in it.
   * @throws TemplateSyntaxError
   */
  parse(source: string): TemplateTree {
    return this.engine.parse(source);
  }

  override addFilter(name: string, filter: HostCallback): this {
    this.tables?.filters.set(name, new HostFunction(name, filter));
    return super.addFilter(name, filter) as this;
  }

  addTest(name: string, test: HostCallback): this {
    this.tables?.tests.set(name, new HostFunction(name, test));
    return this;
  }

  override addGlobal(name: string, value: unknown): this {
    if (this.tables !== undefined) registerValues(this.tables.globals, { [name]: value });
    return super.addGlobal(name, value) as this;
  }

  private run(template: RunnableTemplate, context: TemplateContext): string {
    return this.runtime.render(template, namesOf(context));
  }
}

function namesOf(context: TemplateContext): Names {
  return callerNames(typeof context === 'string' ? parseJson(context) : context);
}

/** @throws TypeError where two kinds of tags could not be told apart, or for a newline that is none */
function readSyntax(options: EnvironmentOptions): Syntax {
  const given = Object.entries(options).filter(
    ([name, value]) => Object.hasOwn(DEFAULT_SYNTAX, name) && value !== undefined,
  );
  const syntax = { ...DEFAULT_SYNTAX, ...(Object.fromEntries(given) as Partial<Syntax>) };
  if (syntax.variableStart === syntax.blockStart || syntax.variableStart === syntax.commentStart) {
    throw new TypeError(`variableStart must differ from blockStart and commentStart: ${syntax.variableStart}`);
  }
  if (!['\n', '\r\n', '\r'].includes(syntax.newlineSequence)) {
    throw new TypeError("newlineSequence must be '\\n', '\\r\\n' or '\\r'");
  }
  return syntax;
}

function readEscaping(autoescape: EnvironmentOptions['autoescape'] = false): (name: string | null) => boolean {
  return typeof autoescape === 'function' ? (name) => autoescape(name) : () => autoescape;
}

function register(
  table: Map<string, Callable>,
  callbacks: Readonly<Record<string, HostCallback>> = {},
): Map<string, Callable> {
  for (const [name, callback] of Object.entries(callbacks)) table.set(name, new HostFunction(name, callback));
  return table;
}

function registerValues(table: Map<string, Value>, values: Readonly<Record<string, unknown>> = {}): Map<string, Value> {
  for (const [name, value] of Object.entries(values)) {
    table.set(name, typeof value === 'function' ? new HostFunction(name, value as HostCallback) : (value ?? null));
  }
  return table;
}

/** Hands nunjucks templates that are already compiled, as its own loader of precompiled templates does. */
class JinjaLoader {
  constructor(
    private readonly load: (name: string) => RunnableTemplate,
    private readonly run: (template: RunnableTemplate, context: object) => string,
  ) {}

  getSource(name: string): nunjucks.LoaderSource {
    const template = this.find(name);
    if (template === null) return null as unknown as nunjucks.LoaderSource;
    type Done = (error: unknown, text?: string) => void;
    const root = (
      _env: unknown,
      context: { getVariables(): object },
      _frame: unknown,
      _runtime: unknown,
      done: Done,
    ): void => {
      let text: string;
      try {
        text = this.run(template, context.getVariables());
      } catch (error) {
        done(error);
        return;
      }
      done(null, text);
    };
    // nunjucks keeps no copy, so that a changed source is seen.
    return { src: { type: 'code', obj: { root } } as unknown as string, path: name, noCache: true };
  }

  private find(name: string): RunnableTemplate | null {
    try {
      return this.load(name);
    } catch (error) {
      if (error instanceof TemplateNotFound) return null;
      throw error;
    }
  }
}
