import { PythonError, typeError, valueError } from '../../errors.ts';
import {
  builtin,
  escape,
  isMapping,
  Instance,
  iterate,
  mappingEntries,
  Markup,
  quote,
  str,
  isText,
  textOf,
  toList,
  truthy,
  Tuple,
  Undefined,
  type Builtin,
  type Runtime,
  type Value,
  sequenceItems,
} from '../../values/index.ts';
import { stripTags } from '../text/tags.ts';
import { missingMethod } from '../arguments.ts';

const UNSAFE_KEY = /[ \t\n\r\f\v/>=]/;

/** A dict as attributes of a tag. Keys that would end a name are refused. */
function xmlAttributes(runtime: Runtime, value: Value, autospace: boolean): Value {
  if (!isMapping(value)) return missingMethod(value, 'items');
  const parts: string[] = [];
  for (const [key, item] of mappingEntries(value)) {
    if (item === null || item instanceof Undefined) continue;
    if (!isText(key)) throw typeError('expected string or bytes-like object');
    if (UNSAFE_KEY.test(textOf(key))) throw valueError(`Invalid character in attribute name: ${quote(textOf(key))}`);
    parts.push(`${escape(key).text}="${escape(item).text}"`);
  }
  const text = (autospace && parts.length > 0 ? ' ' : '') + parts.join(' ');
  return runtime.autoescape ? new Markup(text) : text;
}

/** `urllib.parse.quote`: UTF-8 bytes as `%XX`, but for letters, digits, `_.-~` and, in a path, `/`. */
function quoteUrl(value: Value, inQuery: boolean): string {
  const safe = inQuery ? /[A-Za-z0-9_.~-]/ : /[A-Za-z0-9_.~/-]/;
  return Array.from(str(value), (character) => {
    if (safe.test(character)) return character;
    if (inQuery && character === ' ') return '+';
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff)
      throw new PythonError('UnicodeEncodeError', "'utf-8' codec can't encode a surrogate");
    return Array.from(
      new TextEncoder().encode(character),
      (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join('');
  }).join('');
}

/** Key and value of a query's item. */
function queryPair(item: Value): string {
  const parts = toList(item);
  if (parts.length !== 2) {
    throw valueError(
      parts.length > 2
        ? 'too many values to unpack (expected 2)'
        : `not enough values to unpack (expected 2, got ${parts.length})`,
    );
  }
  return parts.map((part) => quoteUrl(part, true)).join('=');
}

function isIterable(value: Value): boolean {
  return (
    sequenceItems(value) !== null || isMapping(value) || (value instanceof Instance && value.iterate !== undefined)
  );
}

function urlEncode(value: Value): string {
  if (isText(value) || !isIterable(value)) return quoteUrl(value, false);
  const items = isMapping(value) ? Array.from(mappingEntries(value), (entry) => new Tuple(entry)) : iterate(value);
  return Array.from(items, queryPair).join('&');
}

/** Filters that make or remove markup. */
export const htmlFilters: readonly Builtin[] = [
  builtin('escape', ['s'], (_runtime, [value = null]) => escape(value)),
  builtin('e', ['s'], (_runtime, [value = null]) => escape(value)),
  builtin('forceescape', ['value'], (_runtime, [value = null]) => escape(str(value))),
  builtin('safe', ['value'], (_runtime, [value = null]) => new Markup(str(value))),
  builtin('striptags', ['value'], (_runtime, [value = null]) => stripTags(str(value))),
  builtin('xmlattr', ['d', ['autospace', true]], (runtime, [value = null, autospace = true]) =>
    xmlAttributes(runtime, value, truthy(autospace)),
  ),
  builtin('urlencode', ['value'], (_runtime, [value = null]) => urlEncode(value)),
];
