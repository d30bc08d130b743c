import type { Syntax } from './lexer/syntax.ts';
import type { ExtensionName } from './parser/tags.ts';
import type { Limits, UndefinedName, Value } from './values/index.ts';

/** A function of a caller. It gets Jinja values; keyword arguments come as one object after the positional ones. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- callers declare the parameters they expect
export type HostCallback = (...args: any[]) => unknown;

/** Options of an environment. Those that Jinja2 has too mean what they mean there. */
export interface EnvironmentOptions extends Partial<Omit<Syntax, 'lineStatementPrefix' | 'lineCommentPrefix'>> {
  /** Sources by name, or a function that gives them; null when there is none of that name. */
  readonly templates?: Readonly<Record<string, string>> | ((name: string) => string | null | undefined);
  readonly lineStatementPrefix?: string | null | undefined;
  readonly lineCommentPrefix?: string | null | undefined;
  /** Whether printed text is escaped for HTML, for all templates or by name (null: a source without one). */
  readonly autoescape?: boolean | ((name: string | null) => boolean);
  readonly undefined?: UndefinedName;
  /** `do`, `loopcontrols`, `i18n`, `debug`, also by their Python names such as `jinja2.ext.do`. */
  readonly extensions?: readonly string[];
  readonly globals?: Readonly<Record<string, unknown>>;
  readonly filters?: Readonly<Record<string, HostCallback>>;
  readonly tests?: Readonly<Record<string, HostCallback>>;
  readonly policies?: Readonly<Record<string, unknown>>;
  /** Applied to every value before it is printed. */
  readonly finalize?: ((value: Value) => unknown) | null;
  /** Where `random` and `lipsum` take their chance from: numbers from 0 up to, and without, 1 (default Math.random). */
  readonly random?: () => number;
  /** Characters a rendered text may have (default 64 Mi). */
  readonly maxOutput?: number;
  /** Items of a `range` (default 100,000, as in Jinja2's sandbox). */
  readonly maxRange?: number;
  /** Characters or items that repetition may make (default 10 million). */
  readonly maxRepeat?: number;
}

const EXTENSIONS: Readonly<Record<string, ExtensionName>> = {
  do: 'do',
  ExprStmtExtension: 'do',
  loopcontrols: 'loopcontrols',
  LoopControlExtension: 'loopcontrols',
  i18n: 'i18n',
  InternationalizationExtension: 'i18n',
  debug: 'debug',
  DebugExtension: 'debug',
};

/** Extensions that only switched on in older versions what is part of the language now. */
const BUILT_IN = new Set(['autoescape', 'with_', 'with', 'AutoEscapeExtension', 'WithExtension']);

/** @throws TypeError for an extension that does not exist */
export function readExtensions(names: readonly string[]): ReadonlySet<ExtensionName> {
  const extensions = new Set<ExtensionName>();
  for (const name of names) {
    const short = name.replace(/^jinja2\.ext\./, '');
    const extension = Object.hasOwn(EXTENSIONS, short) ? EXTENSIONS[short] : undefined;
    if (extension !== undefined) extensions.add(extension);
    else if (!BUILT_IN.has(short))
      throw new TypeError(`there is no extension ${name}; there are do, loopcontrols, i18n, debug`);
  }
  return extensions;
}

export function readLimits(options: EnvironmentOptions, defaults: Limits): Limits {
  return {
    maxOutput: options.maxOutput ?? defaults.maxOutput,
    maxRange: options.maxRange ?? defaults.maxRange,
    maxRepeat: options.maxRepeat ?? defaults.maxRepeat,
  };
}

/** The function that finds sources. Only own names of an object are templates. */
export function readTemplates(templates: EnvironmentOptions['templates']): (name: string) => string | null {
  if (typeof templates === 'function') return (name) => templates(name) ?? null;
  return (name) => (templates !== undefined && Object.hasOwn(templates, name) ? (templates[name] ?? null) : null);
}
