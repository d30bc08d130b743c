import { randomBytes } from 'node:crypto';
import { type ArtifactIdentity, sameArtifact } from './artifact.ts';
import { type Epoch, epoch } from './brands.ts';
import { identitySchema, parseAs } from './schema.ts';

/**
 * The lives of a fleet's data in Redis have an order: `<when it began>.<random>`, a number above that of every life that
 * whoever begins it knows of, and never below the time (ms since 1970). A clock that is wrong costs a further life, not
 * the order: nodes tell what they had (`aheadPurpose`), and the next life begins above that.
 */
export function newEpoch(known: readonly string[], now = Date.now()): Epoch {
  const began = Math.max(now, ...known.map((one) => (beganAt(one) ?? 0) + 1));
  return epoch(`${began}.${randomBytes(9).toString('base64url')}`);
}

/** Undefined for the epoch of an earlier release: it has no place in the order. */
function beganAt(life: string): number | undefined {
  const found = /^(\d+)\./.exec(life);
  return found ? Number(found[1]) : undefined;
}

/** Whether a version was given out before another one, or under the same number: in an earlier life, or earlier in the same. */
export function comesBefore(a: ArtifactIdentity, b: ArtifactIdentity): boolean {
  if (a.epoch === b.epoch) return a.version <= b.version;
  const [beganA, beganB] = [beganAt(a.epoch), beganAt(b.epoch)];
  return beganA !== undefined && beganB !== undefined && beganA < beganB;
}

/** Whether a version comes before another one, and is something else. */
export const isOlder = (a: ArtifactIdentity, b: ArtifactIdentity): boolean => comesBefore(a, b) && !sameArtifact(a, b);

/** What the sealed word of a node is that has a newer version than Redis: which one. */
export const aheadPurpose = 'ahead';

export const formatAhead = ({ epoch, version, digest }: ArtifactIdentity): string =>
  JSON.stringify({ epoch, version, digest });

/** Undefined for what another release wrote and this one does not know. */
export const parseAhead = (text: string): ArtifactIdentity | undefined => parseAs(identitySchema, text);
