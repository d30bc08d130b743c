import { PythonError } from '../errors.ts';
import { BoundMethod, builtin, indexOf, Instance, isText, textOf, type Builtin, type Value } from '../values/index.ts';

/** Python's bytes, as `str.encode` gives them: printed, counted, indexed, decoded. */
export class Bytes extends Instance {
  readonly typeName = 'bytes';
  constructor(readonly data: Uint8Array) {
    super();
  }
  override truthy(): boolean {
    return this.data.length > 0;
  }
  override length(): number {
    return this.data.length;
  }
  override iterate(): Iterable<Value> {
    return this.data;
  }
  override item(key: Value): Value | undefined {
    const index = indexOf(key);
    return index === null ? undefined : this.data.at(index);
  }
  override equals(other: Value): boolean {
    return other instanceof Bytes && Buffer.compare(this.data, other.data) === 0;
  }
  override hashKey(): Value {
    return `\0b${Buffer.from(this.data).toString('latin1')}`;
  }
  override attribute(name: string): Value | undefined {
    const method = methods.get(name);
    return method === undefined ? undefined : new BoundMethod(this, method);
  }
  override repr(): string {
    const text = Array.from(this.data, byteText).join('');
    return text.includes("'") && !text.includes('"') ? `b"${text}"` : `b'${text.replaceAll("'", "\\'")}'`;
  }
}

const ESCAPES: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

function byteText(byte: number): string {
  const escape = ESCAPES[byte];
  if (escape !== undefined) return escape;
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The highest code point of an encoding, by its name without punctuation; null for UTF-8. */
const ENCODINGS: Readonly<Record<string, number | null>> = {
  utf8: null,
  u8: null,
  ascii: 0x7f,
  usascii: 0x7f,
  latin1: 0xff,
  iso88591: 0xff,
};

function highest(encoding: string): number | null {
  const found = new Map(Object.entries(ENCODINGS)).get(encoding.toLowerCase().replace(/[-_ ]/g, ''));
  if (found === undefined) throw new PythonError('LookupError', `unknown encoding: ${encoding}`);
  return found;
}

/** `text.encode(encoding, errors)` for UTF-8, ASCII and Latin-1. Throws a LookupError for others. */
export function encode(text: string, encoding: string, errors: string): Uint8Array {
  const limit = highest(encoding);
  if (limit === null) return new TextEncoder().encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code <= limit) bytes.push(code);
    else if (errors === 'replace') bytes.push(63);
    else if (errors !== 'ignore')
      throw new PythonError('UnicodeEncodeError', `'${encoding}' codec can't encode character`);
  }
  return Uint8Array.from(bytes);
}

function decode(data: Uint8Array, encoding: string): string {
  const limit = highest(encoding);
  if (limit === null) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  return Buffer.from(data).toString('latin1');
}

const methods: ReadonlyMap<string, Builtin> = new Map(
  [
    builtin('decode', ['self', ['encoding', 'utf-8'], ['errors', 'strict']], (_runtime, [self, encoding = 'utf-8']) => {
      try {
        return self instanceof Bytes ? decode(self.data, isText(encoding) ? textOf(encoding) : 'utf-8') : '';
      } catch (error) {
        if (error instanceof PythonError) throw error;
        throw new PythonError(
          'UnicodeDecodeError',
          `'${isText(encoding) ? textOf(encoding) : ''}' codec can't decode bytes`,
        );
      }
    }),
    builtin('hex', ['self'], (_runtime, [self]) =>
      self instanceof Bytes ? Buffer.from(self.data).toString('hex') : '',
    ),
  ].map((method) => [method.name, method]),
);
