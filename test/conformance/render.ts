import { Environment, type EnvironmentOptions } from '@flotilla/jinja';

/** A template with what it needs; options by their Python names. */
export interface ConformanceCase {
  readonly name: string;
  readonly source?: string;
  readonly entry?: string;
  readonly templates?: Readonly<Record<string, string>>;
  readonly context?: object;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly globals?: Readonly<Record<string, unknown>>;
}

/** What a render gives: its text, or Python's name of the error and the template's line. */
export type Outcome =
  | { readonly output: string }
  | { readonly error: { readonly type: string; readonly message: string; readonly line: number | null } };

const OPTION_NAMES: Readonly<Record<string, string>> = {
  block_start_string: 'blockStart',
  block_end_string: 'blockEnd',
  variable_start_string: 'variableStart',
  variable_end_string: 'variableEnd',
  comment_start_string: 'commentStart',
  comment_end_string: 'commentEnd',
};

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Jinja2's options in this library's names. */
export function environmentOptions({
  options = {},
  templates = {},
  globals = {},
}: ConformanceCase): EnvironmentOptions {
  const own = Object.entries(options).map(([name, value]) => [OPTION_NAMES[name] ?? camelCase(name), value] as const);
  return { extensions: ['do', 'loopcontrols'], ...Object.fromEntries(own), templates, globals };
}

/** Renders a case here, in the form of the record. */
export function render(each: ConformanceCase, context: object = each.context ?? {}): Outcome {
  try {
    const env = new Environment(environmentOptions(each));
    const output =
      each.entry === undefined ? env.renderString(each.source ?? '', context) : env.render(each.entry, context);
    return { output };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const line = 'line' in error && typeof error.line === 'number' ? error.line : null;
    return { error: { type: error.name, message: error.message, line } };
  }
}
