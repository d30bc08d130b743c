import { Dict } from './dict.ts';
import { makeFloat, type Value } from './value.ts';

/**
 * What `JSON.parse` would lose: the place of integer-like keys among the others (JavaScript objects put them first),
 * floats with an integral value, and integers beyond 2^53. All three patterns may also match inside of a string,
 * which costs time only.
 */
const INTEGER_KEY = /"(?:0|[1-9]\d*)"\s*:/;
const SPECIAL_NUMBER = /(?:^|[:,[\s])-?\d+(?:\.0+\s*(?:[,\]}]|$)|(?:\.\d+)?[eE]|\d{15})/;

/**
 * Parses JSON into template values with the order of mappings kept. Texts without anything special go through
 * `JSON.parse`; mappings are then plain objects, with integer-like keys they are `Dict`s.
 * Throws a SyntaxError for what is not JSON.
 */
export function parseJson(text: string): Value {
  if (!INTEGER_KEY.test(text) && !SPECIAL_NUMBER.test(text)) return JSON.parse(text) as Value;
  return new JsonReader(text).read();
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\x00-\x1f]|\\.)*"/y;
const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const CANONICAL_INTEGER = /^(?:0|[1-9]\d*)$/;
const WORDS: readonly (readonly [string, Value])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class JsonReader {
  private at = 0;

  constructor(private readonly text: string) {}

  read(): Value {
    const value = this.value();
    this.space();
    if (this.at < this.text.length) this.fail();
    return value;
  }

  private value(): Value {
    this.space();
    switch (this.text[this.at]) {
      case '{':
        return this.mapping();
      case '[':
        return this.list();
      case '"':
        return this.string();
      default:
        return this.scalar();
    }
  }

  private mapping(): Value {
    const entries: [string, Value][] = [];
    let special = false;
    this.items('}', () => {
      this.space();
      const key = this.string();
      this.space();
      this.expect(':');
      special ||= CANONICAL_INTEGER.test(key);
      entries.push([key, this.value()]);
    });
    // fromEntries makes own properties, also of `__proto__`.
    return special ? Dict.from(entries) : (Object.fromEntries(entries) as Value);
  }

  private list(): Value {
    const items: Value[] = [];
    this.items(']', () => items.push(this.value()));
    return items;
  }

  /** What stands between brackets, separated by commas. */
  private items(end: string, readOne: () => void): void {
    this.at++;
    this.space();
    if (this.text[this.at] === end) {
      this.at++;
      return;
    }
    for (;;) {
      readOne();
      this.space();
      if (this.text[this.at] === end) break;
      this.expect(',');
    }
    this.at++;
  }

  private string(): string {
    const token = this.match(STRING)?.[0];
    if (token === undefined) return this.fail();
    return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
  }

  private scalar(): Value {
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    const number = this.match(NUMBER);
    if (number === null) return this.fail();
    if (number[1] !== undefined || number[2] !== undefined) return makeFloat(Number(number[0]));
    const integer = Number(number[0]);
    return Number.isSafeInteger(integer) ? integer + 0 : BigInt(number[0]);
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const match = pattern.exec(this.text);
    if (match !== null) this.at = pattern.lastIndex;
    return match;
  }

  private space(): void {
    this.match(SPACE);
  }

  private expect(char: string): void {
    if (this.text[this.at] !== char) this.fail();
    this.at++;
  }

  private fail(): never {
    const found = this.text[this.at];
    throw new SyntaxError(
      `${found === undefined ? 'the JSON ends too early' : `unexpected '${found}' in JSON`} at position ${this.at}`,
    );
  }
}
