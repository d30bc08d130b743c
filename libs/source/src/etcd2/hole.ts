import { setTimeout as sleep } from 'node:timers/promises';
import { abortScope } from './abort.ts';
import type { Etcd2Client, PollAnswer } from './client.ts';
import { Etcd2Error } from './errors.ts';
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
  /** Whether the new stream has brought an event yet. */
  readonly isStreamWaiting: () => boolean;
  /** How long a poll may stay silent. */
  readonly patienceMs: number;
  /** The history is the right one; what comes now is only missing events. */
  readonly onProven: () => void;
  readonly onMissed: (event: EtcdEvent) => void;
}

export type Filled = { readonly kind: 'filled'; readonly events: number } | { readonly kind: 'outdated' | 'slow' };

/**
 * Fills the hole between a place and a new stream from etcd's history, one long poll for each event.
 *
 * The hole is closed by the first event that is newer than the registration. On a quiet subtree none comes: then it is
 * closed when the poll was taken and stayed silent for as long as patience lasts, and the stream stayed silent too.
 * Throws `Etcd2Error` (`etcd2-diverged`) when the history is not the one that was followed.
 */
export async function fillHole(client: Etcd2Client, hole: Hole, signal: AbortSignal): Promise<Filled> {
  const { place, registration } = hole;
  let last = place.last;
  let proven = false;
  let events = 0;
  while (!proven || last < registration) {
    const answer = await pollPatiently(client, hole, proven ? last + 1 : last, signal);
    if (answer === 'silent' && proven && !hole.isStreamWaiting()) break;
    if (typeof answer === 'string') return { kind: 'slow' };
    const step = readHole(answer, place, proven, registration);
    if (step.kind === 'outdated') return { kind: 'outdated' };
    if (step.kind === 'differs') throw otherHistory(place);
    if (step.kind === 'closed') break;
    if (step.kind === 'again') await sleep(emptyAnswerPauseMs, undefined, { signal });
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
}

/** An answer, or after patience ran out whether etcd had taken the poll (`silent`) or not (`unanswered`). */
export async function pollPatiently(
  client: Etcd2Client,
  { subtree, patienceMs }: Pick<Hole, 'subtree' | 'patienceMs'>,
  waitIndex: number,
  parent: AbortSignal,
): Promise<PollAnswer | 'silent' | 'unanswered'> {
  const scope = abortScope(parent);
  const patience = setTimeout(scope.end, patienceMs);
  let taken = false;
  try {
    return await client.poll(subtree, waitIndex, scope.signal, () => (taken = true));
  } catch (error) {
    if (parent.aborted || !scope.signal.aborted) throw error;
    return taken ? 'silent' : 'unanswered';
  } finally {
    clearTimeout(patience);
    scope.end();
  }
}

const otherHistory = ({ last, provenBy }: Place): Etcd2Error =>
  new Etcd2Error(
    'etcd2-diverged',
    `etcd holds another store than before: at index ${last} it has no event of ${provenBy}`,
  );
