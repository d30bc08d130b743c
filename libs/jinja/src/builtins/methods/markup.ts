import {
  Builtin,
  builtin,
  escape,
  isText,
  iterate,
  Markup,
  textOf,
  Tuple,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { formatString } from '../format/str-format.ts';
import { stripTags } from '../text/tags.ts';
import { unescapeHtml } from '../text/entities.ts';
import { formatArguments } from './str-encoding.ts';
import { itemOrError } from '../items.ts';

/** Methods that escape their text arguments and give a Markup (markupsafe's `_simple_escaping_wrapper`). */
const ESCAPING = new Set(
  'capitalize title lower upper replace ljust rjust lstrip rstrip center strip translate expandtabs swapcase zfill partition rpartition'.split(
    ' ',
  ),
);
/** Methods that take their arguments as they are and give Markups. */
const WRAPPING = new Set(['split', 'rsplit', 'splitlines']);

const escaped = (value: Value): Value => (isText(value) ? escape(value) : value);

/** Every text in a method's result as Markup. */
function marked(value: Value): Value {
  if (isText(value)) return new Markup(textOf(value));
  if (Array.isArray(value)) return (value as readonly Value[]).map(marked);
  return value instanceof Tuple ? new Tuple(value.items.map(marked)) : value;
}

function wrap(method: Builtin): Builtin {
  const escapes = ESCAPING.has(method.name);
  return new Builtin(method.name, method.parameters, (runtime, [self = '', ...args]) =>
    marked(method.implementation(runtime, [self, ...(escapes ? args.map(escaped) : args)])),
  );
}

function joinMarkup(runtime: Runtime, separator: string, items: Value): Markup {
  const parts: string[] = [];
  let size = 0;
  for (const item of iterate(items)) {
    const part = escape(item).text;
    parts.push(part);
    runtime.checkSize((size += part.length + separator.length), 'maxOutput');
  }
  return new Markup(parts.join(separator));
}

const asMarkup = (self: Value): Markup => (self instanceof Markup ? self : escape(self));

/** The methods in which markupsafe's Markup differs from str. */
export function markupMethods(strMethods: ReadonlyMap<string, Builtin>): readonly Builtin[] {
  const wrapped = [...strMethods.values()].filter(({ name }) => ESCAPING.has(name) || WRAPPING.has(name)).map(wrap);
  return [
    ...wrapped,
    builtin('join', ['self', 'iterable'], (runtime, [self = '', items = null]) =>
      joinMarkup(runtime, asMarkup(self).text, items),
    ),
    builtin('format', ['self', '*args', '**kwargs'], (runtime, [self = '', args = [], kwargs = null]) =>
      formatString(runtime, asMarkup(self), formatArguments(args, kwargs)),
    ),
    builtin('format_map', ['self', 'mapping'], (runtime, [self = '', mapping = null]) =>
      formatString(runtime, asMarkup(self), { positional: null, named: (name) => itemOrError(mapping, name) }),
    ),
    builtin('unescape', ['self'], (_runtime, [self = '']) => unescapeHtml(asMarkup(self).text)),
    builtin('striptags', ['self'], (_runtime, [self = '']) => stripTags(asMarkup(self).text)),
    builtin('escape', ['self', 's'], (_runtime, [, value = null]) => escape(value)),
  ];
}
