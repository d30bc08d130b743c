/** Why a subtree was read as a whole: the first time, or because the events since its place cannot be had. */
export type ListReason =
  | 'start'
  /** etcd's history of 1,000 events no longer reaches back to the place. */
  | 'outdated'
  /** No event was seen since the last listing, so nothing proves that the store is still the same. */
  | 'unproven'
  /** The member is behind the place it should continue from. */
  | 'behind'
  /** The hole could not be filled while new events kept coming. */
  | 'slow';

/** What a source tells its log. Never holds a value of the store or a password. */
export type Etcd2Event =
  | { readonly kind: 'connected'; readonly endpoint: string; readonly index: number; readonly clusterId: string }
  /** The endpoint is given up; the next attempt follows after `retryMs`. */
  | {
      readonly kind: 'lost';
      readonly endpoint: string;
      readonly code: string;
      readonly reason: string;
      readonly failures: number;
      readonly retryMs: number;
    }
  /** A full state is ready. */
  | { readonly kind: 'synced'; readonly objects: number; readonly index: number; readonly tookMs: number }
  /** One subtree's stream ended; it is opened again. */
  | { readonly kind: 'interrupted'; readonly subtree: string; readonly reason: string; readonly retryMs: number }
  /** The hole after an interruption was filled from etcd's history. */
  | { readonly kind: 'filled'; readonly subtree: string; readonly from: number; readonly events: number }
  /** One subtree was listed again; its objects follow as changes. */
  | { readonly kind: 'resync'; readonly subtree: string; readonly reason: ListReason; readonly objects: number }
  /** Another store answers than the one that was followed: everything is listed again. */
  | { readonly kind: 'diverged'; readonly endpoint: string; readonly reason: string };
