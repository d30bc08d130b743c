import { setTimeout as sleep } from 'node:timers/promises';
import { abortScope } from './abort.ts';
import type { Etcd2Client } from './client.ts';
import { Etcd2Error } from './errors.ts';
import type { HeldEvents } from './held-events.ts';
import { type Place, readHole } from './place.ts';
import type { EtcdEvent } from './wire.ts';

/** An answer without an event is asked again, but not in a hot loop. */
const emptyAnswerPauseMs = 50;

export interface Hole {
  readonly subtree: string;
  /** The place to continue from; it has to be proven. */
  readonly place: Place;
  /** The index at which the new stream was registered: it brings all that is newer. */
  readonly registration: number;
  /** Events of the new stream, waiting for the hole to be filled. */
  readonly held: HeldEvents;
  /** The history is the right one; what comes now is only missing events. */
  readonly onProven: () => void;
  readonly onMissed: (event: EtcdEvent) => void;
}

export type Filled = { readonly kind: 'filled'; readonly events: number } | { readonly kind: 'outdated' | 'slow' };

/**
 * Fills the hole between a place and a new stream from etcd's history, one long poll for each event.
 *
 * Silence does not prove that nothing is missing, only an event newer than the registration does. So the last poll
 * may stay open for long: it is answered when the next event comes, and the stream holds that event back until then.
 * Throws `Etcd2Error` (`etcd2-diverged`) when the history is not the one that was followed.
 */
export async function fillHole(client: Etcd2Client, hole: Hole, parent: AbortSignal): Promise<Filled> {
  const { subtree, place, registration, held } = hole;
  const scope = abortScope(parent, held.patience);
  let last = place.last;
  let proven = false;
  let events = 0;
  try {
    while (!proven || last < registration) {
      const answer = await client.poll(subtree, proven ? last + 1 : last, scope.signal);
      const step = readHole(answer, place, proven, registration);
      if (step.kind === 'outdated') return { kind: 'outdated' };
      if (step.kind === 'differs') throw otherHistory(place);
      if (step.kind === 'closed') break;
      if (step.kind === 'again') await sleep(emptyAnswerPauseMs, undefined, { signal: scope.signal });
      if (step.kind === 'proven') {
        proven = true;
        hole.onProven();
      }
      if (step.kind === 'missed') {
        events++;
        last = step.event.node.modifiedIndex;
        hole.onMissed(step.event);
      }
    }
    return { kind: 'filled', events };
  } catch (error) {
    if (held.patience.aborted && !parent.aborted) return { kind: 'slow' };
    throw error;
  } finally {
    scope.end();
  }
}

const otherHistory = ({ last, provenBy }: Place): Etcd2Error =>
  new Etcd2Error(
    'etcd2-diverged',
    `etcd holds another store than before: at index ${last} it has no event of ${provenBy}`,
  );
