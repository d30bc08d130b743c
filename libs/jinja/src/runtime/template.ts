import type { Reads } from '../compiler/reads.ts';
import type { Place } from '../parser/nodes.ts';
import { Instance, Markup, quote, type Value } from '../values/index.ts';
import type { Context, Names, Render } from './context.ts';

/** A template ready to render. */
export interface RunnableTemplate {
  readonly name: string | null;
  readonly source: string;
  readonly places: readonly Place[];
  readonly tagEnds: ReadonlyMap<number, number>;
  readonly blocks: ReadonlyMap<string, Render>;
  readonly root: Render;
  /** What its text depends on; null when that cannot be said. The same object as long as the source is the same. */
  readonly reads: Reads | null;
  newContext(names: Names): Context;
}

/** What `{% import %}` gives: the exported names of a template, and its text when printed. */
export class TemplateModule extends Instance {
  readonly typeName = 'TemplateModule';
  constructor(
    readonly templateName: string | null,
    readonly text: string,
    private readonly exports: ReadonlyMap<string, Value>,
  ) {
    super();
  }
  override get moduleName(): string {
    return 'jinja2.environment';
  }
  override attribute(name: string): Value | undefined {
    return name === '__name__' ? this.templateName : this.exports.get(name);
  }
  /** Names and values by turns. */
  exported(): readonly Value[] {
    return [...this.exports].flat();
  }
  override str(): string {
    return this.text;
  }
  /** The text is a template's output already: it is not escaped again. */
  override markup(): Markup {
    return new Markup(this.text);
  }
  override repr(): string {
    return `<TemplateModule ${this.templateName === null ? 'memory' : quote(this.templateName)}>`;
  }
}
