/**
 * What a template can fail with. Names and messages follow Jinja2's exceptions; every error carries the template's
 * name and the line as soon as they are known, so that a caller can point at the place.
 */

export interface Place {
  readonly templateName?: string | null;
  readonly line?: number;
}

/** Base of everything this library throws because of a template. */
export class TemplateError extends Error {
  override name = 'TemplateError';
  templateName: string | null = null;
  line: number | null = null;
  /** The tag or print statement that failed, as it stands in the template. */
  expression: string | null = null;

  constructor(message: string, place: Place = {}, options?: ErrorOptions) {
    super(message, options);
    this.templateName = place.templateName ?? null;
    this.line = place.line ?? null;
  }

  /** `message` with the place in front: `a.j2:3: 'x' is undefined`. */
  get located(): string {
    const place = this.line === null ? (this.templateName ?? '') : `${this.templateName ?? '<template>'}:${this.line}`;
    return place === '' ? this.message : `${place}: ${this.message}`;
  }
}

/** The source is not a template. Always knows its line. */
export class TemplateSyntaxError extends TemplateError {
  override name = 'TemplateSyntaxError';
}

/** The source is well formed, but means something impossible (an unknown filter, a block defined twice). */
export class TemplateAssertionError extends TemplateSyntaxError {
  override name = 'TemplateAssertionError';
}

/** Rendering failed. */
export class TemplateRuntimeError extends TemplateError {
  override name = 'TemplateRuntimeError';
}

/** An undefined value was used for more than its kind of undefined allows. */
export class UndefinedError extends TemplateRuntimeError {
  override name = 'UndefinedError';
  /** What was looked up: a variable's name, an attribute or a key. */
  missing: string | null = null;
  /** The object it was looked up on; undefined for a variable. */
  owner: unknown = undefined;
  /** Known names that are close to `missing`, the closest first. */
  nearest: readonly string[] = [];
}

/** Python's FilterArgumentError: a filter was called with an argument it cannot work with. */
export class FilterArgumentError extends TemplateRuntimeError {
  override name = 'FilterArgumentError';
}

/** The template reached for something outside of the sandbox, or past a limit. */
export class SecurityError extends TemplateRuntimeError {
  override name = 'SecurityError';

  constructor(
    message: string,
    /** The setting whose limit was passed; null for what no setting moves. */
    readonly limit: 'maxOutput' | 'maxRange' | 'maxRepeat' | null = null,
  ) {
    super(message);
  }
}

/** A template that does not exist was asked for. */
export class TemplateNotFound extends TemplateError {
  override name = 'TemplateNotFound';
  readonly templates: readonly string[];

  constructor(name: string, message = name, templates: readonly string[] = [name]) {
    super(message);
    this.templates = templates;
  }
}

/** None of several templates exists. */
export class TemplatesNotFound extends TemplateNotFound {
  override name = 'TemplatesNotFound';

  constructor(names: readonly string[], message = `none of the templates given were found: ${names.join(', ')}`) {
    super(names.at(-1) ?? '', message, names);
  }
}

export type PythonErrorName =
  | 'TypeError'
  | 'ValueError'
  | 'KeyError'
  | 'IndexError'
  | 'AttributeError'
  | 'ZeroDivisionError'
  | 'OverflowError'
  | 'RuntimeError'
  | 'RecursionError'
  | 'AssertionError'
  | 'LookupError'
  | 'UnicodeEncodeError'
  | 'UnicodeDecodeError';

/** An exception that Python itself would raise; `name` is Python's name of it. */
export class PythonError extends TemplateRuntimeError {
  constructor(
    override readonly name: PythonErrorName,
    message: string,
  ) {
    super(message);
  }
}

/** A list or dict was to be changed that its owner froze; Python's name is that of a change of a tuple. */
export class ReadOnlyError extends PythonError {
  constructor(what: 'list' | 'dict') {
    super('TypeError', `this ${what} is read-only`);
  }
}

export const typeError = (message: string): PythonError => new PythonError('TypeError', message);
export const valueError = (message: string): PythonError => new PythonError('ValueError', message);
