/**
 * The port every source of Kubernetes objects implements.
 *
 * A source yields one full state and then the changes after it, without a gap. When it lost its place it lists again:
 * what it knows to be the same store reaches the consumer as changes, anything else as a full state; what is missing
 * from that state was deleted. A source whose objects cannot change ends by itself after the state.
 *
 * The consumer applies events and their changes in the order in which they come, and compares no indexes: ordering is
 * the source's work, and after a listing some puts hold what the consumer has already.
 */
export interface Source {
  /** Ends when the signal is aborted; outages are waited out inside, with backoff, and told through `status`. */
  follow(signal: AbortSignal): AsyncIterable<SourceEvent>;
  readonly status: SourceStatus;
}

/** `changes` holds all that arrived since the last event, for each path only the newest; apply it as one. */
export type SourceEvent =
  | { readonly kind: 'state'; readonly objects: readonly StoredObject[]; readonly index: number }
  | { readonly kind: 'changes'; readonly changes: readonly Change[]; readonly index: number };

/** One object as it is stored: `path` as `pods/<namespace>/<name>`, `text` its JSON, `index` etcd's modifiedIndex. */
export interface StoredObject {
  readonly path: string;
  readonly text: string;
  readonly index: number;
}

export type Change =
  | ({ readonly kind: 'put' } & StoredObject)
  | { readonly kind: 'delete'; readonly path: string; readonly index: number };

/** What `/readyz` and metrics tell of a source. `problem` is set while the store cannot be followed. */
export interface SourceStatus {
  readonly synced: boolean;
  readonly problem: string | undefined;
  readonly index: number;
  readonly resyncs: number;
}
