/**
 * The values a template works with.
 *
 * | Python | here |
 * | --- | --- |
 * | None | `null` |
 * | bool | `boolean` |
 * | int | an integral `number`, beyond ±(2^53 - 1) a `bigint` |
 * | float | a non-integral `number` (also NaN and ±Infinity), otherwise a `Float` |
 * | str | `string` |
 * | Markup | `Markup` |
 * | list | an array |
 * | tuple | `Tuple` |
 * | dict | `Dict`, a plain object or a `Map` (the last two come from callers and are read in place) |
 * | anything else | an `Instance` |
 *
 * Other objects (dates, class instances, JavaScript functions) are opaque: no attribute, no item, no call.
 */
export type Value = null | boolean | number | bigint | string | object;

/** A float with an integral value, which a JavaScript number could not tell from an int. Build with `makeFloat`. */
export class Float {
  constructor(readonly value: number) {}
}

/** The float of value `n` in its one representation. */
export function makeFloat(n: number): Value {
  return Number.isInteger(n) ? new Float(n) : n;
}

/** Text that is safe for HTML: it is not escaped again. */
export class Markup {
  constructor(readonly text: string) {}
}

export class Tuple {
  constructor(readonly items: readonly Value[]) {}
}

/** A tuple whose items also have names, as `groupby` gives them. */
export class NamedTuple extends Tuple {
  constructor(readonly fields: ReadonlyMap<string, Value>) {
    super([...fields.values()]);
  }
}

/** A slice object, as in `x[1:2]`. A missing part is null. */
export class Slice {
  constructor(
    readonly start: Value,
    readonly stop: Value,
    readonly step: Value,
  ) {}
}

/**
 * Every other kind of object: undefined values, callables, views, iterators, `loop`, namespaces. What a kind can do it
 * says by overriding; the absence of an optional method means that Python would raise a TypeError.
 */
export abstract class Instance {
  /** The name of the Python class, for messages. */
  abstract readonly typeName: string;
  /** The Python module of the class; empty for a builtin. */
  get moduleName(): string {
    return '';
  }
  truthy(): boolean {
    return true;
  }
  /** `parents`: the containers this is printed in; one that meets itself among them is not printed again. */
  repr(_parents?: readonly object[]): string {
    return `<${this.moduleName === '' ? '' : `${this.moduleName}.`}${this.typeName} object>`;
  }
  str(): string {
    return this.repr();
  }
  equals(other: Value): boolean {
    return this === other;
  }
  /** `this < other` and its kin, or undefined where Python knows no order. */
  ordered(_operator: '<' | '<=' | '>' | '>=', _other: Value): boolean | undefined {
    return undefined;
  }
  /** What makes it equal to another key of a dict; by default itself. */
  hashKey(): Value {
    return this;
  }
  /** A fixed attribute, or undefined when there is none of that name. */
  attribute(_name: string): Value | undefined {
    return undefined;
  }
  /** `x[key]`, or undefined when there is no such item. */
  item?(key: Value): Value | undefined;
  /** Python's `__html__`: what stands for the object where text is escaped. */
  markup?(): Markup;
  iterate?(): Iterable<Value>;
  length?(): number;
  contains?(item: Value): boolean;
}
