import { TemplateNotFound, TemplatesNotFound, UndefinedError } from '../errors.ts';
import {
  hashKey,
  isText,
  iterate,
  Runtime,
  str,
  textOf,
  Undefined,
  type RuntimeOptions,
  type Value,
} from '../values/index.ts';
import { LayeredNames, type Names } from './context.ts';
import type { LoopMemory } from './loop-memory.ts';
import type { LoopTexts } from './loop-texts.ts';
import { Pieces, type Piece } from './pieces.ts';
import { TemplateModule, type RunnableTemplate } from './template.ts';

export interface RenderRuntimeOptions extends RuntimeOptions {
  readonly globals: Names;
  /** @throws TemplateNotFound, TemplateSyntaxError */
  readonly load: (name: string) => RunnableTemplate;
  /** Whether a template of this name escapes its output. */
  readonly escapes: (name: string | null) => boolean;
}

/** A runtime that also knows the other templates. One environment has one; rendering is synchronous. */
export class RenderRuntime extends Runtime {
  readonly globals: Names;
  private readonly load: (name: string) => RunnableTemplate;
  private readonly escapes: (name: string | null) => boolean;
  /** Templates that were imported without context, each run once a render. */
  private modules = new Map<RunnableTemplate, TemplateModule>();
  private depth = 0;
  private memory: LoopMemory | null = null;

  constructor(options: RenderRuntimeOptions) {
    super(options);
    this.globals = options.globals;
    this.load = options.load;
    this.escapes = options.escapes;
  }

  /** Renders with the given names; those of a caller go over the globals, those of another template have them. */
  render(template: RunnableTemplate, names: Names | null): string {
    const all = names === null ? this.globals : new LayeredNames(names, this.globals);
    return this.run(template, () => template.root(template.newContext(all)));
  }

  /** Renders with a caller's names, and takes over what the memory knows. */
  renderAgain(template: RunnableTemplate, names: Names, memory: LoopMemory): readonly Piece[] {
    const before = this.memory;
    const pieces = new Pieces(this.limits.maxOutput);
    const context = template.newContext(new LayeredNames(names, this.globals));
    context.pieces = pieces;
    this.memory = memory;
    memory.begin();
    try {
      return pieces.end(this.run(template, () => template.root(context)));
    } finally {
      this.memory = before;
    }
  }

  /** The texts that a loop is known to give for what it reads; null when nothing is remembered. */
  remembered(template: RunnableTemplate, loop: number, reads: readonly (Value | undefined)[]): LoopTexts | null {
    return this.memory?.open(template, loop, [this.autoescape, ...reads]) ?? null;
  }

  /** Includes a template: it sees `names` and nothing else. */
  include(template: RunnableTemplate, names: Names): string {
    return this.run(template, () => template.root(template.newContext(names)));
  }

  /** Runs a template for its exports. Without `names` it sees the globals, and runs once a render. */
  module(template: RunnableTemplate, names: Names | null): TemplateModule {
    const known = names === null ? this.modules.get(template) : undefined;
    if (known !== undefined) return known;
    const context = template.newContext(names ?? this.globals);
    const text = this.run(template, () => template.root(context));
    const module = new TemplateModule(template.name, text, context.exports());
    if (names === null) this.modules.set(template, module);
    return module;
  }

  /** Each template starts with its own setting of escaping, and the one around it gets its own back. */
  private run<T>(template: RunnableTemplate, work: () => T): T {
    const before = this.autoescape;
    if (this.depth === 0) this.modules = new Map();
    this.depth++;
    this.autoescape = this.escapes(template.name);
    try {
      return work();
    } finally {
      this.depth--;
      this.autoescape = before;
    }
  }

  /** The template a value names. */
  template(name: Value): RunnableTemplate {
    if (name instanceof Undefined) return name.fail();
    if (isText(name)) return this.load(textOf(name));
    hashKey(name);
    throw new TemplateNotFound(str(name));
  }

  /** The template a value names, or the first that exists of several. */
  templateOrFirst(name: Value): RunnableTemplate {
    if (isText(name) || name instanceof Undefined) return this.template(name);
    const names = name === null ? [] : Array.from(iterate(name));
    if (names.length === 0) throw new TemplatesNotFound([], 'Tried to select from an empty list of templates.');
    for (const one of names) {
      try {
        return this.template(one);
      } catch (error) {
        if (!(error instanceof TemplateNotFound) && !(error instanceof UndefinedError)) throw error;
      }
    }
    throw new TemplatesNotFound(names.map((one) => (one instanceof Undefined ? one.message : str(one))));
  }
}
