import type { Text } from './engine.ts';
import type { RenderedText } from './rendered-files.ts';
import type { ThreadFile } from './thread-messages.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Turns rendered texts into bytes; what it was given before costs no more than a copy, or nothing. */
export class Encoder {
  readonly #limit: number;
  readonly #encoder = new TextEncoder();
  readonly #known = new WeakMap<Text[number], Bytes>();
  #last = new Map<string, { readonly text: Text; readonly size: number }>();

  /** @param limit bytes of all files together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** All files of a render; null bytes for one that is as it was the last time. Undefined when they are too large. */
  encode(texts: readonly RenderedText[]): ThreadFile[] | undefined {
    // A character takes a byte at least, so that what is far too large is not encoded first.
    if (texts.reduce((sum, { text }) => sum + lengthOf(text), 0) > this.#limit) return undefined;
    const now = texts.map(({ path, text }) => this.#file(path, text));
    if (now.reduce((sum, { size }) => sum + size, 0) > this.#limit) return undefined;
    this.#last = new Map(now.map(({ path, text, size }) => [path, { text, size }]));
    return now.map(({ path, pieces, size }) => ({ path, bytes: pieces && joined(pieces, size) }));
  }

  #file(path: string, text: Text): { path: string; text: Text; pieces: readonly Bytes[] | null; size: number } {
    const before = this.#last.get(path);
    if (before && sameText(before.text, text)) return { path, text, pieces: null, size: before.size };
    const pieces = text.map((piece) => this.#bytesOf(piece));
    return { path, text, pieces, size: pieces.reduce((sum, { length }) => sum + length, 0) };
  }

  #bytesOf(piece: Text[number]): Bytes {
    let bytes = this.#known.get(piece);
    if (!bytes) this.#known.set(piece, (bytes = this.#encoder.encode(piece.text)));
    return bytes;
  }
}

const lengthOf = (text: Text): number => text.reduce((sum, piece) => sum + piece.text.length, 0);

const sameText = (a: Text, b: Text): boolean =>
  a.length === b.length && a.every((piece, at) => piece === b[at] || piece.text === b[at]?.text);

/** In memory of its own, so that it can be handed over to another thread. */
function joined(pieces: readonly Bytes[], size: number): Bytes {
  const all = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
