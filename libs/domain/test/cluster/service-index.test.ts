import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matches } from '../../src/index.ts';
import { type Selecting, ServiceIndex } from '../../src/cluster/service-index.ts';

const labels = fc.dictionary(fc.constantFrom('app', 'tier', 'track'), fc.constantFrom('a', 'b'));
const service = fc.record({ namespace: fc.constantFrom('one', 'two'), selector: labels });

it('finds exactly the services that match, whatever was added and removed before', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(service, fc.boolean())), labels, (steps, pod) => {
      const index = new ServiceIndex<Selecting>();
      for (const [each] of steps) index.add(each);
      for (const [each, removed] of steps) if (removed) index.remove(each);
      const expected = steps
        .filter(([each, removed]) => !removed && each.namespace === 'one' && matches(each.selector, pod))
        .map(([each]) => each);
      const found = index.matching('one', pod);
      expect(found).toHaveLength(expected.length);
      expect(new Set(found)).toEqual(new Set(expected));
    }),
  );
});

it('does not collect services under a label that all of them share', () => {
  const index = new ServiceIndex<Selecting>();
  let asked = 0;
  for (let at = 0; at < 100; at++) {
    const selector = { tier: 'web', app: `app-${at}` };
    index.add({
      namespace: 'one',
      get selector() {
        asked++;
        return selector;
      },
    });
  }
  asked = 0;
  expect(index.matching('one', { tier: 'web', app: 'app-7' })).toHaveLength(1);
  expect(asked).toBeLessThan(5);
});
