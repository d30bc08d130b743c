import type { PollAnswer } from './client.ts';
import type { ListReason } from './events.ts';
import type { EtcdEvent } from './wire.ts';

/**
 * Up to where a subtree was seen without a gap.
 *
 * `provenBy` is the key of the event at `last`. Asking the history for that index again must give the same key; only
 * then is it the same history. After a listing there is no such event yet.
 */
export interface Place {
  readonly last: number;
  readonly provenBy: string | undefined;
}

export type Step =
  { readonly kind: 'fill'; readonly place: Place } | { readonly kind: 'list'; readonly reason: ListReason };

/** How to catch up with a new stream that was registered at this index. */
export function nextStep(place: Place | undefined, registration: number): Step {
  if (!place) return { kind: 'list', reason: 'start' };
  if (place.provenBy === undefined) return { kind: 'list', reason: 'unproven' };
  // A member that lags behind, or another store: a listing by the majority tells which.
  if (registration < place.last) return { kind: 'list', reason: 'behind' };
  return { kind: 'fill', place };
}

export type HoleStep =
  /** The history begins with the event that was seen last: it is the same one. */
  | { readonly kind: 'proven' }
  /** Another event stands at that index: it is another history. */
  | { readonly kind: 'differs' }
  /** An event the old stream did not bring. */
  | { readonly kind: 'missed'; readonly event: EtcdEvent }
  /** The new stream brings this event itself, and all after it. */
  | { readonly kind: 'closed' }
  /** The history no longer reaches back to the place. */
  | { readonly kind: 'outdated' }
  /** No event was in the answer. */
  | { readonly kind: 'again' };

/** What an answer to a long poll means while the hole from `place` up to a stream's registration is filled. */
export function readHole(answer: PollAnswer, place: Place, proven: boolean, registration: number): HoleStep {
  if (answer.kind === 'empty') return { kind: 'again' };
  if (answer.kind === 'outdated') return { kind: 'outdated' };
  const { key, modifiedIndex } = answer.event.node;
  if (!proven) return { kind: modifiedIndex === place.last && key === place.provenBy ? 'proven' : 'differs' };
  return modifiedIndex > registration ? { kind: 'closed' } : { kind: 'missed', event: answer.event };
}
