import { type Epoch, type InputsPosition, type Revision, epoch, revision } from '@flotilla/domain';

/**
 * A position that can be proven: the stamp is a random mark of the write that made the revision. A Redis that came
 * back with an older state counts the same revisions again, with other stamps.
 */
export interface StampedPosition extends InputsPosition {
  readonly stamp: string;
}

/** Before anything was written or read: no epoch is empty. */
export const nowhere: StampedPosition = { epoch: '' as Epoch, revision: 0 as Revision, stamp: '' };

export const stampedPosition = (life: unknown, count: unknown, stamp: unknown): StampedPosition => ({
  epoch: epoch(String(life)),
  revision: revision(Number(count)),
  stamp: String(stamp),
});
