import { expect, test } from 'vitest';
import { parseMeta } from '../src/index.ts';

const whole = {
  ...{ epoch: '5.a', revision: '7', stamp: 's', position: '70', updatedAt: '2026-01-02T03:04:05.678Z' },
  ...{ artifactEpoch: '5.a', version: '3', digest: 'd'.repeat(64), artifactRevision: '6' },
  ...{ checkedVersion: '2', refusedEpoch: '5.a', refusedRevision: '4' },
};

test('a whole record is read', () => {
  expect(parseMeta(whole)).toMatchObject({
    inputs: { epoch: '5.a', revision: 7, stamp: 's' },
    newest: { epoch: '5.a', version: 3, revision: 6, checkedVersion: 2, refused: [] },
    refusedRevision: 4,
  });
});

test('what is of another life counts as nothing', () => {
  expect(parseMeta({ ...whole, epoch: '6.b' })).toMatchObject({
    inputs: { epoch: '6.b' },
    newest: undefined,
    refusedRevision: 0,
  });
  expect(parseMeta({ ...whole, epoch: '' })).toMatchObject({
    inputs: undefined,
    newest: undefined,
    refusedRevision: 0,
  });
  expect(parseMeta({})).toEqual({
    inputs: undefined,
    position: '',
    updatedAt: '',
    feedId: '',
    newest: undefined,
    refusedRevision: 0,
  });
});

test.each(['version', 'digest'])('a version without its %s is none', (field) => {
  expect(parseMeta({ ...whole, [field]: undefined }).newest).toBeUndefined();
});

test('where a watcher of the release before wrote last, the position is what it called index', () => {
  const { position: _, ...before } = whole;
  expect(parseMeta({ ...before, index: '71' }).position).toBe('71');
  expect(parseMeta({ ...whole, index: '71' }).position).toBe('71');
  expect(parseMeta(whole).position).toBe('70');
});
