import { typeError, UndefinedError } from '../errors.ts';
import { describeType } from './types.ts';
import { repr } from './text.ts';
import { Instance, Markup, type Value } from './value.ts';

/** Marks that a name was looked up in the context, not on an object. */
export const NO_OBJECT: unique symbol = Symbol('no object');

/**
 * Jinja2's default undefined: prints as nothing, is false, iterates over nothing; anything further is an error.
 * Python 3 source of the messages: `jinja2.runtime.Undefined._undefined_message`.
 */
export class Undefined extends Instance {
  readonly typeName: string = 'Undefined';
  constructor(
    readonly hint: string | null = null,
    readonly object: Value | typeof NO_OBJECT = NO_OBJECT,
    readonly key: Value = null,
    readonly makeError: (message: string) => Error = (message) => new UndefinedError(message),
  ) {
    super();
  }

  override get moduleName(): string {
    return 'jinja2.runtime';
  }

  get message(): string {
    if (this.hint !== null) return this.hint;
    if (this.object === NO_OBJECT) return `${repr(this.key)} is undefined`;
    if (typeof this.key !== 'string') return `${describeType(this.object)} has no element ${repr(this.key)}`;
    return `${repr(describeType(this.object))} has no attribute ${repr(this.key)}`;
  }

  /** Throws what using this value means. */
  fail(): never {
    const error = this.makeError(this.message);
    if (error instanceof UndefinedError && typeof this.key === 'string') {
      error.missing = this.key;
      if (this.object !== NO_OBJECT) error.owner = this.object;
    }
    throw error;
  }

  override truthy(): boolean {
    return false;
  }
  override str(): string {
    return '';
  }
  override repr(): string {
    return 'Undefined';
  }
  override equals(other: Value): boolean {
    return other instanceof Undefined && other.constructor === this.constructor;
  }
  override hashKey(): Value {
    return this.constructor;
  }
  override iterate(): Iterable<Value> {
    return [];
  }
  override length(): number {
    return 0;
  }
  override attribute(_name: string): Value | undefined {
    return this.fail();
  }
  override item(_key: Value): Value | undefined {
    return this.fail();
  }
}

/** Gives itself for every attribute and item, so that `a.b.c` is undefined when `a` is. */
export class ChainableUndefined extends Undefined {
  override readonly typeName: string = 'ChainableUndefined';
  override attribute(name: string): Value | undefined {
    return name.startsWith('__') ? undefined : this;
  }
  override item(_key: Value): Value | undefined {
    return this;
  }
  override markup(): Markup {
    return new Markup(this.str());
  }
}

/** Prints what was missing, in the form of a template. */
export class DebugUndefined extends Undefined {
  override readonly typeName: string = 'DebugUndefined';
  override str(): string {
    if (this.hint !== null) return `{{ undefined value printed: ${this.hint} }}`;
    if (this.object === NO_OBJECT) return `{{ ${String(this.key)} }}`;
    return `{{ no such element: ${describeType(this.object)}[${repr(this.key)}] }}`;
  }
}

/** Is an error in every use but `is defined` and `default`. */
export class StrictUndefined extends Undefined {
  override readonly typeName: string = 'StrictUndefined';
  override truthy(): boolean {
    return this.fail();
  }
  override str(): string {
    return this.fail();
  }
  override equals(_other: Value): boolean {
    return this.fail();
  }
  override hashKey(): Value {
    return this.fail();
  }
  override iterate(): Iterable<Value> {
    return this.fail();
  }
  override length(): number {
    return this.fail();
  }
  override contains(_item: Value): boolean {
    return this.fail();
  }
}

export type UndefinedName = 'Undefined' | 'StrictUndefined' | 'ChainableUndefined' | 'DebugUndefined';
export type UndefinedClass = new (
  hint?: string | null,
  object?: Value | typeof NO_OBJECT,
  key?: Value,
  makeError?: (message: string) => Error,
) => Undefined;

export const UNDEFINED_CLASSES: Readonly<Record<UndefinedName, UndefinedClass>> = {
  Undefined,
  StrictUndefined,
  ChainableUndefined,
  DebugUndefined,
};

/** Fails like Python does for an operand that cannot take part: undefined values fail in their own words. */
export function rejectOperand(message: string, ...operands: readonly Value[]): never {
  for (const operand of operands) if (operand instanceof Undefined) operand.fail();
  throw typeError(message);
}
