/** A mapping as templates see it: in the order of its keys, integer-like keys included. */
export type Mapping = object;

/** A text in pieces. A piece that is as it was in the render before is the same object. */
export type Text = readonly { readonly text: string }[];

/** What the render process needs of a template language. */
export interface Engine {
  /** A JSON object's text as a mapping. Throws for what is not one. */
  parse(text: string): Mapping;
  mapping(entries: Iterable<readonly [string, unknown]>): Mapping;
  /** A copy with some keys set; those that were there keep their place. */
  extended(mapping: Mapping, entries: Iterable<readonly [string, unknown]>): Mapping;
  /** Replaces all templates, by key; they may include each other. */
  load(templates: ReadonlyMap<string, string>): void;
  /** Chance of the renders that follow: the same templates and values give the same texts with the same seed. */
  takeChanceFrom(seed: number): void;
  /**
   * Renders on frozen values; remembers what they gave, so that the next render costs what changed.
   * Throws `EngineFault`: `read-only` for a template that would change them.
   */
  render(name: string, context: Readonly<Record<string, unknown>>): Text;
  /** Renders on values that the template may change. Throws `EngineFault`. */
  renderOnCopy(name: string, context: Readonly<Record<string, unknown>>): Text;
}

/** Why a template failed, in the engine's words. */
export class EngineFault extends Error {
  /** `read-only`: it would have changed its inputs. `too-large`: its output passed the limit. */
  readonly kind: 'failed' | 'read-only' | 'too-large';
  readonly template: string;
  readonly line: number | null;

  constructor(kind: EngineFault['kind'], reason: string, template: string, line: number | null, cause: unknown) {
    super(reason, { cause });
    this.kind = kind;
    this.template = template;
    this.line = line;
  }
}
