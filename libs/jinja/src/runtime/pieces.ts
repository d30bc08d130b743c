import { SecurityError } from '../errors.ts';

/** A part of a rendered text. One that was taken from the render before is the same object as then. */
export interface Piece {
  readonly text: string;
}

/**
 * The text of a template in the making, where much of it is taken over from the render before: it is put together only
 * by who needs it in one piece.
 */
export class Pieces {
  private readonly pieces: Piece[] = [];
  private length = 0;

  constructor(private readonly limit: number) {}

  /** Takes what was printed since the last piece, and a piece that follows it. */
  take(printed: string, piece: Piece): void {
    this.add(printed);
    this.length += piece.text.length;
    this.pieces.push(piece);
    this.check();
  }

  /** All of the text, `printed` being its end. */
  end(printed: string): readonly Piece[] {
    this.add(printed);
    this.check();
    return this.pieces;
  }

  private add(text: string): void {
    if (text === '') return;
    this.length += text.length;
    this.pieces.push({ text });
  }

  private check(): void {
    if (this.length > this.limit) throw outputTooLong(this.length, this.limit);
  }
}

export function outputTooLong(length: number, limit: number): SecurityError {
  return new SecurityError(
    `the output of ${length} characters is more than the limit of ${limit} (maxOutput)`,
    'maxOutput',
  );
}
