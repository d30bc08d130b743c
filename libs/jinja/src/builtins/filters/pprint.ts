import { PythonError } from '../../errors.ts';
import {
  builtin,
  compare,
  isMapping,
  mappingEntries,
  NamedTuple,
  quote,
  repr,
  Tuple,
  typeName,
  type Builtin,
  type Mapping,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { countCharacters } from '../text/characters.ts';
import { splitLines } from '../text/lines.ts';

/**
 * Python's `pprint.pformat` at its width of 80: containers that fit stand on one line, others get a line per item;
 * dicts are sorted by key; long texts are cut at white space.
 */
const WIDTH = 80;

interface Place {
  /** Columns in use to the left. */
  readonly indent: number;
  /** Columns that closing brackets will need to the right. */
  readonly allowance: number;
  readonly depth: number;
}

function compareKeys([a]: readonly [Value, Value], [b]: readonly [Value, Value]): number {
  try {
    return compare(a, b);
  } catch (error) {
    if (!(error instanceof PythonError)) throw error;
    return typeName(a) < typeName(b) ? -1 : 1;
  }
}

const sortedEntries = (mapping: Mapping): (readonly [Value, Value])[] => [...mappingEntries(mapping)].sort(compareKeys);

class PrettyPrinter {
  private readonly parents: object[] = [];

  constructor(private readonly runtime: Runtime) {}

  /** Everything on one line, dicts sorted. */
  private flat(value: Value): string {
    if (typeof value !== 'object' || value === null) return repr(value);
    const isList = Array.isArray(value);
    if (!isList && !this.isTuple(value) && !isMapping(value)) return repr(value);
    if (this.parents.includes(value)) return this.recursion(value);
    this.parents.push(value);
    const text = this.flatContainer(value);
    this.runtime.checkSize(text.length, 'maxOutput');
    this.parents.pop();
    return text;
  }

  private flatContainer(value: object): string {
    if (Array.isArray(value)) return `[${value.map((item: Value) => this.flat(item)).join(', ')}]`;
    if (value instanceof Tuple) {
      return `(${value.items.map((item) => this.flat(item)).join(', ')}${value.items.length === 1 ? ',' : ''})`;
    }
    const entries = sortedEntries(value as Mapping);
    return `{${entries.map(([key, item]) => `${this.flat(key)}: ${this.flat(item)}`).join(', ')}}`;
  }

  private isTuple(value: Value): value is Tuple {
    return value instanceof Tuple && !(value instanceof NamedTuple);
  }

  private recursion(value: object): string {
    return `<Recursion on ${typeName(value)}>`;
  }

  print(value: Value, place: Place): string {
    if (typeof value === 'object' && value !== null && this.parents.includes(value)) return this.recursion(value);
    const flat = this.flat(value);
    if (countCharacters(flat) <= WIDTH - place.indent - place.allowance) return flat;
    if (typeof value === 'string') return this.text(value, { ...place, depth: place.depth + 1 });
    if (typeof value !== 'object' || value === null) return flat;
    this.parents.push(value);
    const text = this.container(value, { ...place, depth: place.depth + 1 }) ?? flat;
    this.parents.pop();
    return text;
  }

  private container(value: object, place: Place): string | null {
    if (Array.isArray(value)) return `[${this.items(value as readonly Value[], place, 1)}]`;
    if (this.isTuple(value)) {
      const end = value.items.length === 1 ? ',)' : ')';
      return `(${this.items(value.items, place, end.length)}${end}`;
    }
    return isMapping(value) ? `{${this.entries(value, place)}}` : null;
  }

  private items(items: readonly Value[], place: Place, closing: number): string {
    const indent = place.indent + 1;
    return items
      .map((item, index) => {
        const allowance = index === items.length - 1 ? place.allowance + closing : 1;
        return this.print(item, { indent, allowance, depth: place.depth });
      })
      .join(`,\n${' '.repeat(indent)}`);
  }

  private entries(mapping: Mapping, place: Place): string {
    const indent = place.indent + 1;
    const entries = sortedEntries(mapping);
    return entries
      .map(([key, item], index) => {
        const name = this.flat(key);
        const allowance = index === entries.length - 1 ? place.allowance + 1 : 1;
        return `${name}: ${this.print(item, { indent: indent + countCharacters(name) + 2, allowance, depth: place.depth })}`;
      })
      .join(`,\n${' '.repeat(indent)}`);
  }

  private text(value: string, place: Place): string {
    const outer = place.depth === 1 ? 1 : 0;
    const indent = place.indent + outer;
    const allowance = place.allowance + outer;
    const lines = splitLines(value, true);
    const chunks = lines.flatMap((line, index) => {
      const reserve = index === lines.length - 1 ? allowance : 0;
      return countCharacters(quote(line)) <= WIDTH - indent - reserve
        ? [quote(line)]
        : cutLine(line, WIDTH - indent, reserve);
    });
    if (chunks.length === 1) return chunks[0] ?? '';
    const text = chunks.join(`\n${' '.repeat(indent)}`);
    return outer === 1 ? `(${text})` : text;
  }
}

/** One long line as several texts, cut behind white space; the last piece leaves `reserve` columns free. */
function cutLine(line: string, width: number, reserve: number): string[] {
  const parts = line.match(/\S+\s*|\s+/g) ?? [];
  const chunks: string[] = [];
  let current = '';
  parts.forEach((part, index) => {
    const room = index === parts.length - 1 ? width - reserve : width;
    if (countCharacters(quote(current + part)) > room) {
      if (current !== '') chunks.push(quote(current));
      current = part;
    } else current += part;
  });
  if (current !== '') chunks.push(quote(current));
  return chunks;
}

export const pprintFilter: Builtin = builtin('pprint', ['value'], (runtime, [value = null]) =>
  new PrettyPrinter(runtime).print(value, { indent: 0, allowance: 0, depth: 0 }),
);
