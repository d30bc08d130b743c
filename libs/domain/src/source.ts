/**
 * The port every source of Kubernetes objects implements.
 *
 * A source yields one full state and then the changes after it, without a gap. When it lost its place it lists again:
 * what it knows to be the same store reaches the consumer as changes, anything else as a full state; what is missing
 * from that state was deleted. A source whose objects cannot change ends by itself after the state.
 *
 * The consumer applies events and their changes in the order in which they come: ordering is the source's work, and after
 * a listing some puts hold what the consumer has already.
 */
export interface Source {
  /** Ends when the signal is aborted; outages are waited out inside, with backoff, and told through `status`. */
  follow(signal: AbortSignal): AsyncIterable<SourceEvent>;
  readonly status: SourceStatus;
  /** Whether its store was at `a` before it was at `b`; false where it cannot tell. */
  comesBefore(a: SourcePosition, b: SourcePosition): boolean;
}

/** A source's own mark of how far it is. Opaque: only the source that made it may read it. Empty for none. */
export type SourcePosition = string & { readonly [isPosition]: never };
declare const isPosition: unique symbol;

/** For the source that makes it, and for what was written before. */
export const sourcePosition = (text: string): SourcePosition => text as SourcePosition;

/** `changes` holds all that arrived since the last event, for each path only the newest; apply it as one. */
export type SourceEvent =
  | { readonly kind: 'state'; readonly objects: readonly StoredObject[]; readonly position: SourcePosition }
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly position: SourcePosition };

/** One object as it is stored: `path` as `pods/<namespace>/<name>`, `text` its JSON, `position` that of its newest change. */
export interface StoredObject {
  readonly path: string;
  readonly text: string;
  readonly position: SourcePosition;
}

export type Change =
  | ({ readonly kind: 'put' } & StoredObject)
  | { readonly kind: 'delete'; readonly path: string; readonly position: SourcePosition };

/** What `/readyz` and metrics tell of a source. `problem` is set while the store cannot be followed. */
export interface SourceStatus {
  readonly synced: boolean;
  readonly problem: string | undefined;
  /** The newest that was seen. */
  readonly position: SourcePosition;
  readonly resyncs: number;
}
