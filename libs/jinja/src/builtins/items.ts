import { PythonError, typeError } from '../errors.ts';
import {
  findItem,
  indexOf,
  Instance,
  isMapping,
  isText,
  mappingGet,
  repr,
  sequenceItems,
  typeName,
  Undefined,
  type Value,
} from '../values/index.ts';

/** `container[key]` with Python's KeyError, IndexError and TypeError, where a template's own lookup would be undefined. */
export function itemOrError(container: Value, key: Value): Value {
  if (container instanceof Undefined) return container.item(key) ?? null;
  const item = isMapping(container) ? mappingGet(container, key) : findItem(container, key);
  if (item !== undefined) return item;
  if (isMapping(container)) throw new PythonError('KeyError', repr(key));
  const kind = typeName(container);
  if (sequenceItems(container) === null && !isText(container) && !(container instanceof Instance && container.item)) {
    throw typeError(`'${kind}' object is not subscriptable`);
  }
  if (indexOf(key) === null) throw typeError(`${kind} indices must be integers or slices, not ${typeName(key)}`);
  throw new PythonError('IndexError', `${kind} index out of range`);
}
