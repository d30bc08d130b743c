import { expect, test } from 'vitest';
import { inputField } from '@flotilla/domain';
import { KeptInputs } from '../src/kept-inputs.ts';

const service = (name: string) => inputField('service', name);

/** Inputs of one service that was rendered. */
function start() {
  const inputs = new KeptInputs();
  const change = (name: string, value: string | null) => inputs.change(new Map([[service(name), value]]));
  change('a', '1');
  inputs.begin();
  inputs.settle();
  const rendered = () => Object.fromEntries([...inputs.rendered()].map(([field, value]) => [field.slice(8), value]));
  return { inputs, change, rendered };
}

test('what was rendered stays known, whatever changes after it', () => {
  const { inputs, change, rendered } = start();
  change('a', '2');
  change('a', '3');
  change('b', '1');
  change('b', null);
  expect(rendered()).toEqual({ a: '1' });
  inputs.begin();
  change('c', '1');
  inputs.settle();
  expect(rendered()).toEqual({ a: '3' });
  change('a', null);
  expect(rendered()).toEqual({ a: '3' });
});

test('a render that gives no result leaves the last one in its place', () => {
  const { inputs, change, rendered } = start();
  change('a', '2');
  inputs.begin();
  change('a', '3');
  inputs.begin();
  change('a', '4');
  expect(rendered()).toEqual({ a: '1' });
  inputs.begin();
  inputs.settle();
  expect(rendered()).toEqual({ a: '4' });
});

test('only what matters to templates is handed on', () => {
  const { inputs, change } = start();
  expect(change('a', '1')).toEqual([]);
  expect(change('gone', null)).toEqual([]);
  expect(inputs.change(new Map([[inputField('hold'), '{}']]))).toEqual([]);
  expect(change('a', null)).toEqual([[service('a'), null]]);
});
