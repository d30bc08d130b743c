import type { ArtifactIdentity } from '@flotilla/domain';
import { expect, test } from 'vitest';
import { move } from '../../src/delivery/machine.ts';
import { newestKnown } from '../../src/delivery/resume.ts';
import { initialState } from '../../src/delivery/state.ts';
import type { PlacedRelease } from '../../src/store/placed-release.ts';
import { emptyState } from '../../src/store/state-file.ts';
import { artifact } from '../artifacts.ts';

const on = (number: number, life = '5.a') => artifact(number, { a: `${number}` }, life).manifest;
const known = (disk: ArtifactIdentity | undefined, parked: ArtifactIdentity | null = null) => {
  const saved = { ...emptyState, parked: parked && { artifact: parked, reason: 'refused' } };
  const placed = disk && ({ manifest: disk } as PlacedRelease);
  return newestKnown(move(initialState, { kind: 'resumed', disk: placed, saved, isLive: false }).state);
};

test('an agent that starts goes on from what is on its disk, or from what it refused after that', () => {
  expect(known(on(2))).toEqual(on(2));
  expect(known(on(2), on(3))).toMatchObject({ version: 3 });
  expect(known(on(3), on(2))).toMatchObject({ version: 3 });
  expect(known(on(9), on(1, '6.b'))).toMatchObject({ version: 1, epoch: '6.b' });
});

test('where nothing is on the disk, whatever is offered is better', () => {
  expect(known(undefined, on(3))).toBeUndefined();
});
