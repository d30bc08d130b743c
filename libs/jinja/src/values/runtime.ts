import { SecurityError } from '../errors.ts';
import type { Builtin, Callable } from './callable.ts';
import { LONGEST_TEXT } from './text.ts';
import { NO_OBJECT, UNDEFINED_CLASSES, type Undefined, type UndefinedClass } from './undefined.ts';
import type { Value } from './value.ts';

/** Types that have methods. `str` methods also work on Markup unless `markup` has its own. */
export type MethodOwner = 'str' | 'markup' | 'list' | 'tuple' | 'range' | 'dict' | 'int' | 'float' | 'bool';
export type MethodTables = Readonly<Record<MethodOwner, ReadonlyMap<string, Builtin>>>;

/** Bounds that keep a template from hurting its process. */
export interface Limits {
  /** Characters a rendered text, or any string made on the way, may have. */
  readonly maxOutput: number;
  /** Items of a `range`. */
  readonly maxRange: number;
  /** Characters or items that repetition (`'x' * n`) may make. */
  readonly maxRepeat: number;
}

export const DEFAULT_LIMITS: Limits = { maxOutput: LONGEST_TEXT, maxRange: 100_000, maxRepeat: 10_000_000 };

/** Jinja2's `env.policies`, by their names. */
export type Policies = Readonly<Record<string, Value>>;

export const DEFAULT_POLICIES: Policies = {
  'compiler.ascii_str': true,
  'urlize.rel': 'noopener',
  'urlize.target': null,
  'urlize.extra_schemes': null,
  'truncate.leeway': 5,
  'json.dumps_function': null,
  'json.dumps_kwargs': { sort_keys: true },
  'ext.i18n.trimmed': false,
};

export interface RuntimeOptions {
  readonly filters: ReadonlyMap<string, Callable>;
  readonly tests: ReadonlyMap<string, Callable>;
  readonly methods: MethodTables;
  readonly limits?: Limits;
  readonly policies?: Policies;
  readonly undefinedClass?: UndefinedClass;
  readonly newlineSequence?: string;
  readonly random?: () => number;
}

/** What every builtin and all compiled code can ask of the environment they run in. */
export class Runtime {
  readonly filters: ReadonlyMap<string, Callable>;
  readonly tests: ReadonlyMap<string, Callable>;
  readonly methods: MethodTables;
  readonly limits: Limits;
  readonly policies: Policies;
  readonly undefinedClass: UndefinedClass;
  readonly newlineSequence: string;
  /** Chance: a number from 0 up to, and without, 1. */
  readonly random: () => number;
  /** Whether printed text is escaped right now (`{% autoescape %}` changes it while its body runs). */
  autoescape = false;

  constructor(options: RuntimeOptions) {
    this.filters = options.filters;
    this.tests = options.tests;
    this.methods = options.methods;
    this.limits = options.limits ?? DEFAULT_LIMITS;
    this.policies = options.policies ?? DEFAULT_POLICIES;
    this.undefinedClass = options.undefinedClass ?? UNDEFINED_CLASSES.Undefined;
    this.newlineSequence = options.newlineSequence ?? '\n';
    this.random = options.random ?? Math.random;
  }

  /** The value of a variable that does not exist. */
  undefinedName(name: string): Undefined {
    return new this.undefinedClass(null, NO_OBJECT, name);
  }

  /** The value of an attribute or item that does not exist. */
  undefinedItem(object: Value, key: Value): Undefined {
    return new this.undefinedClass(null, object, key);
  }

  /** An undefined value that explains itself. */
  undefinedHint(hint: string, name: Value = null): Undefined {
    return new this.undefinedClass(hint, NO_OBJECT, name);
  }

  /** Refuses to make a text or list of `size`, where the bound is for repetition or for any text. */
  checkSize(size: number, bound: 'maxOutput' | 'maxRange' | 'maxRepeat'): void {
    if (size > this.limits[bound]) {
      throw new SecurityError(`${size} is more than the limit of ${this.limits[bound]} (${bound})`, bound);
    }
  }
}
