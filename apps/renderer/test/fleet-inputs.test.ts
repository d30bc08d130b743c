import { epoch, inputField, revision, sourcePosition } from '@flotilla/domain';
import type { InputsUpdate } from '@flotilla/inputs';
import { expect, test } from 'vitest';
import { FleetInputs } from '../src/fleet-inputs.ts';

const update = (
  mode: InputsUpdate['mode'],
  changes: Record<string, string | null>,
  object = 'pods/a/b',
): InputsUpdate => ({
  epoch: epoch('e'),
  revision: revision(1),
  mode,
  changes: new Map(Object.entries(changes)),
  provenance: [{ object, position: sourcePosition('1') }],
  changeCount: 1,
});

function inputsOf(...updates: InputsUpdate[]) {
  const read = () => Promise.resolve(updates.shift() ?? update('delta', {}));
  return new FleetInputs({ read, reset: () => undefined });
}

test('after a full read, what it does not name is gone', async () => {
  const inputs = inputsOf(
    update('full', { a: '1', b: '2' }),
    update('delta', { b: '3' }),
    update('full', { b: '3', c: '4' }),
  );
  await inputs.read();
  await inputs.read();
  const { changes } = await inputs.read();
  expect([...changes]).toEqual([
    ['a', null],
    ['b', '3'],
    ['c', '4'],
  ]);
  expect([...inputs.fields]).toEqual([
    ['b', '3'],
    ['c', '4'],
  ]);
});

test('a certificate counts when both parts are there', async () => {
  const [one, two] = [inputField('certificate', 'x.example'), inputField('key', 'x.example')];
  const inputs = inputsOf(
    update('full', { [one]: 'pem', [inputField('certificate', 'a')]: 'pem' }),
    update('delta', { [two]: 'key' }),
    update('delta', { [one]: null }),
  );
  await inputs.read();
  expect(inputs.certificates()).toEqual([]);
  await inputs.read();
  expect(inputs.certificates()).toEqual(['x.example']);
  await inputs.read();
  expect(inputs.certificates()).toEqual([]);
});

test('causes add up until they were told', async () => {
  const inputs = inputsOf(update('delta', {}, 'first'), update('delta', {}, 'second'));
  await inputs.read();
  await inputs.read();
  expect(inputs.causes()).toEqual({
    changes: [
      { object: 'second', position: '1' },
      { object: 'first', position: '1' },
    ],
    changeCount: 2,
  });
  inputs.settleCauses();
  expect(inputs.causes()).toEqual({ changes: [], changeCount: 0 });
});

test('problems come and go in words', async () => {
  const field = inputField('problem', 'configmaps/lb/services', 'web');
  const text = JSON.stringify({
    object: 'configmaps/lb/services',
    key: 'web',
    code: 'not-json',
    reason: 'not valid JSON',
  });
  const inputs = inputsOf(update('full', { [field]: text }), update('delta', { [field]: null }));
  await inputs.read();
  expect(inputs.problems()).toEqual(['configmaps/lb/services, key "web": not valid JSON']);
  await inputs.read();
  expect(inputs.problems()).toEqual([]);
});
