import { PythonError, typeError } from '../errors.ts';
import { indexOf, Instance, isText, textOf, typeName, Undefined, type Value } from '../values/index.ts';

/** Stands for an optional argument that was not given and has no default value in Python. */
export const ABSENT: Value = new (class extends Instance {
  readonly typeName = 'absent';
})();

/** A filter calls a method that the value has not; an undefined value has none at all. */
export function missingMethod(value: Value, method: string): never {
  if (value instanceof Undefined) return value.fail();
  throw new PythonError('AttributeError', `'${typeName(value)}' object has no attribute '${method}'`);
}

/** A Python index: an int or bool as a number. `None` is one only where the caller says so. */
export function integer(value: Value): number {
  const index = indexOf(value);
  if (index !== null) return index;
  throw typeError(`'${typeName(value)}' object cannot be interpreted as an integer`);
}

/** A flag that Python reads as an int: a bool, or any other int. */
export const flag = (value: Value): boolean => integer(value) !== 0;

/** An index that may be None. */
export function integerOrNull(value: Value): number | null {
  return value === null ? null : integer(value);
}

/** A str (or Markup) argument. */
export function text(value: Value, what = 'argument'): string {
  if (isText(value)) return textOf(value);
  throw typeError(`${what} must be str, not ${typeName(value)}`);
}

export function textOrNull(value: Value, what = 'argument'): string | null {
  return value === null ? null : text(value, what);
}
