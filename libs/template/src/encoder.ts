import type { Text } from './engine.ts';
import type { FilePatch } from './process-messages.ts';
import type { RenderedText } from './rendered-files.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Turns rendered texts into bytes, and those into what changed since the answer before. */
export class Encoder {
  readonly #limit: number;
  readonly #encoder = new TextEncoder();
  readonly #known = new WeakMap<Text[number], Bytes>();
  #last = new Map<string, Text>();

  /** @param limit bytes of all files together */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** All files of a render. Undefined when they are too large. */
  encode(texts: readonly RenderedText[]): FilePatch[] | undefined {
    // A character takes a byte at least, so that what is far too large is not encoded first.
    if (texts.reduce((sum, { text }) => sum + lengthOf(text), 0) > this.#limit) return undefined;
    const sizes = texts.map(({ text }) => this.#sizeOf(text));
    if (sizes.reduce((sum, size) => sum + size, 0) > this.#limit) return undefined;
    const patches = texts.map(({ path, text }) => this.#patch(path, text));
    this.#last = new Map(texts.map(({ path, text }) => [path, text]));
    return patches;
  }

  #patch(path: string, text: Text): FilePatch {
    const before = this.#last.get(path) ?? [];
    const shorter = Math.min(before.length, text.length);
    let head = 0;
    while (head < shorter && samePiece(before[head], text[head])) head++;
    let tail = 0;
    while (tail < shorter - head && samePiece(before.at(-1 - tail), text.at(-1 - tail))) tail++;
    const end = text.length - tail;
    return {
      path,
      head: this.#sizeOf(text.slice(0, head)),
      tail: this.#sizeOf(text.slice(end)),
      bytes: Buffer.concat(text.slice(head, end).map((piece) => this.#bytesOf(piece))),
    };
  }

  #sizeOf(text: Text): number {
    return text.reduce((sum, piece) => sum + this.#bytesOf(piece).length, 0);
  }

  #bytesOf(piece: Text[number]): Bytes {
    let bytes = this.#known.get(piece);
    if (!bytes) this.#known.set(piece, (bytes = this.#encoder.encode(piece.text)));
    return bytes;
  }
}

const lengthOf = (text: Text): number => text.reduce((sum, piece) => sum + piece.text.length, 0);

const samePiece = (a: Text[number] | undefined, b: Text[number] | undefined): boolean => a === b || a?.text === b?.text;
