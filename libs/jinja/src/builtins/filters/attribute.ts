import { getItem, isText, Markup, textOf, Undefined, type Runtime, type Value } from '../../values/index.ts';
import { isDecimal } from '../text/classes.ts';

export type Getter = (item: Value) => Value;

/** The steps of an attribute path: `a.b.0`, an index, or None for the item itself. */
function pathOf(attribute: Value): readonly Value[] {
  if (attribute === null) return [];
  if (!isText(attribute)) return [attribute];
  return textOf(attribute)
    .split('.')
    .map((part) => (isDecimal(part) ? Number(part) : part));
}

/** Looks `attribute` up on items by the rules of templates; dots go deeper, `fallback` replaces undefined values. */
export function attributeGetter(runtime: Runtime, attribute: Value, fallback: Value = null): Getter {
  const path = pathOf(attribute);
  return (item) => {
    let value = item;
    for (const part of path) {
      value = getItem(runtime, value, part);
      if (fallback !== null && value instanceof Undefined) value = fallback;
    }
    return value;
  };
}

/** Text in lower case, anything else as it is. */
export function ignoreCase(value: Value): Value {
  if (typeof value === 'string') return value.toLowerCase();
  return value instanceof Markup ? new Markup(value.text.toLowerCase()) : value;
}

/** A key for comparing items: an attribute of theirs, without regard to case unless asked. */
export function keyGetter(runtime: Runtime, attribute: Value, caseSensitive: boolean, fallback: Value = null): Getter {
  const get = attributeGetter(runtime, attribute, fallback);
  return caseSensitive ? get : (item) => ignoreCase(get(item));
}

/** A key of several attributes, separated by commas. */
export function multiKeyGetter(runtime: Runtime, attribute: Value, caseSensitive: boolean): Getter {
  const attributes = isText(attribute) ? textOf(attribute).split(',') : [attribute];
  const getters = attributes.map((each) => keyGetter(runtime, each, caseSensitive));
  return (item) => getters.map((get) => get(item));
}
