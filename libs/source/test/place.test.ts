import { describe, expect, it } from 'vitest';
import type { PollAnswer } from '../src/etcd2/client.ts';
import { type Place, nextStep, readHole } from '../src/etcd2/place.ts';

const place: Place = { last: 100, provenBy: '/registry/pods/web/a' };
const answer = (key: string, modifiedIndex: number): PollAnswer => ({
  kind: 'event',
  event: { action: 'set', replacedObject: false, node: { key, dir: false, value: '', modifiedIndex } },
});

describe('catching up with a new stream', () => {
  it('lists at the start, when nothing proves the place, and when the member is behind', () => {
    expect(nextStep(undefined, 100)).toEqual({ kind: 'list', reason: 'start' });
    expect(nextStep({ last: 100, provenBy: undefined }, 120)).toEqual({ kind: 'list', reason: 'unproven' });
    expect(nextStep(place, 99)).toEqual({ kind: 'list', reason: 'behind' });
  });

  it('fills the hole otherwise, and proves the place even when there is none', () => {
    expect(nextStep(place, 100)).toEqual({ kind: 'fill', place });
    expect(nextStep(place, 120)).toEqual({ kind: 'fill', place });
  });
});

describe('filling a hole', () => {
  it('needs the event that was seen last to stand where it stood', () => {
    expect(readHole(answer('/registry/pods/web/a', 100), place, false, 120)).toEqual({ kind: 'proven' });
    expect(readHole(answer('/registry/pods/web/b', 100), place, false, 120)).toEqual({ kind: 'differs' });
    expect(readHole(answer('/registry/pods/web/a', 101), place, false, 120)).toEqual({ kind: 'differs' });
  });

  it('takes events up to the registration and ends with the first one after it', () => {
    expect(readHole(answer('/registry/pods/web/b', 120), place, true, 120)).toMatchObject({
      kind: 'missed',
      event: { node: { modifiedIndex: 120 } },
    });
    expect(readHole(answer('/registry/pods/web/b', 121), place, true, 120)).toEqual({ kind: 'closed' });
  });

  it('asks again after an empty answer and gives up when the history is too short', () => {
    for (const proven of [false, true]) {
      expect(readHole({ kind: 'empty' }, place, proven, 120)).toEqual({ kind: 'again' });
      expect(readHole({ kind: 'outdated' }, place, proven, 120)).toEqual({ kind: 'outdated' });
    }
  });
});
