import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Change, Cluster, type StoredObject, fleetName, holdField } from '../../src/index.ts';
import { type Naive, type NaiveEvent, graceMs, naiveStep } from './naive.ts';
import { base64, podObject, at, comesBefore } from './objects.ts';
import { pems } from './pems.ts';

type Fields = Map<string, string>;

const lb = fleetName('lb');
const namespace = fc.constantFrom('web', 'lb', 'other');
const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('x', 'y'));
const service = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ namespace, selector: labels, tls: fc.constantFrom('c', 'd', '') })
      .map((entry) => JSON.stringify(entry)),
  },
  { weight: 1, arbitrary: fc.constantFrom('', 'garbage', '{"namespace":"web"}') },
);
const data = <T>(values: fc.Arbitrary<T>, keys: fc.Arbitrary<string>) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.dictionary(keys, values).map((entries) => JSON.stringify({ data: entries })) },
    { weight: 1, arbitrary: fc.constantFrom('{}', '[]', 'garbage') },
  );
const { one, two } = pems;
const object = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(
      fc.tuple(namespace, fc.constantFrom('p', 'q', 'r')).map(([ns, name]) => `pods/${ns}/${name}`),
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc.tuple(labels, fc.boolean()).map(([l, ready]) => JSON.stringify(podObject(l, { ready }))),
        },
        { weight: 1, arbitrary: fc.constant('garbage') },
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(fc.constant('configmaps/lb/services'), data(service, fc.constantFrom('s', 't', '..u'))),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('configmaps/lb/config'),
      data(fc.constantFrom('A', 'B'), fc.constantFrom('template', 'm.map')),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('configmaps/lb/certificates'),
      data(fc.constantFrom(one.certificate, two.certificate, 'garbage'), fc.constantFrom('c', 'd')),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(
      fc.constant('secrets/lb/keys'),
      data(fc.constantFrom(base64(one.key), base64(two.key), base64('garbage')), fc.constantFrom('c', 'd')),
    ),
  },
);
const directory = fc.constantFrom('', 'pods', 'pods/web', 'configmaps', 'configmaps/lb', 'secrets/lb', 'pods/lb/p');
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 8, arbitrary: object.map(([path, text]) => ({ kind: 'put' as const, path, text, position: at(1) })) },
  { weight: 1, arbitrary: object.map(([path]) => ({ kind: 'delete' as const, path, position: at(1) })) },
  { weight: 1, arbitrary: directory.map((path) => ({ kind: 'delete' as const, path, position: at(1) })) },
);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ changes: fc.array(change, { minLength: 1, maxLength: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ state: fc.array(object, { maxLength: 10 }) }) },
  { weight: 1, arbitrary: fc.record({ waitMs: fc.constantFrom(1, graceMs - 1, graceMs) }) },
  { weight: 1, arbitrary: fc.record({ event: fc.constantFrom<NaiveEvent>('end hold', 'believe') }) },
);

/** Carries changes out, and gives what a source tells of them: the end of each object that a directory had. */
const play = (objects: Map<string, string>, changes: readonly Change[]): Change[] =>
  changes.flatMap((each): Change[] => {
    if (each.kind === 'put') {
      objects.set(each.path, each.text);
      return [each];
    }
    const isGone = (path: string) => each.path === '' || path === each.path || path.startsWith(`${each.path}/`);
    const gone = [...objects.keys()].filter(isGone);
    for (const path of gone) objects.delete(path);
    return gone.map((path) => ({ ...each, path }));
  });

/** Problems are compared by what they are about; their words are not written down twice. */
const comparable = (fields: Iterable<[string, string]>) =>
  Object.fromEntries(
    Array.from(fields, ([field, value]) => [field, field.startsWith('problem/') ? '' : value] as const).filter(
      ([field]) => field !== holdField,
    ),
  );

it('keeps the same fields as are computed from scratch, and its changes add up to them', { timeout: 120_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
      let now = 0;
      const cluster = new Cluster([lb], { graceMs, now: () => now, comesBefore });
      cluster.replace([], at(1));
      let objects = new Map<string, string>();
      let expected: Naive = naiveStep(objects, { fields: new Map(), isHeld: false, missing: new Map() }, now);
      const summed: Fields = new Map();
      for (const each of steps) {
        if ('state' in each) {
          objects = new Map(each.state);
          cluster.replace(
            Array.from(objects, ([path, text]): StoredObject => ({ path, text, position: at(1) })),
            at(1),
          );
          expected = naiveStep(objects, expected, now);
        } else if ('changes' in each) {
          cluster.apply(play(objects, each.changes));
          expected = naiveStep(objects, expected, now);
        } else if ('waitMs' in each) {
          now += each.waitMs;
          expected = naiveStep(objects, expected, now, 'wait');
        } else {
          if (each.event === 'believe') cluster.believe(lb);
          else cluster.endHold(lb);
          expected = naiveStep(objects, expected, now, each.event);
        }
        cluster.letGo(lb);
        const { changes, provenance } = cluster.takeChanges(lb);
        expect(provenance.length > 0 || changes.size === 0).toBe(true);
        for (const [field, value] of changes) {
          expect(value).not.toBe(summed.get(field) ?? null);
          if (value === null) summed.delete(field);
          else summed.set(field, value);
        }
        expect(cluster.hold(lb) !== undefined).toBe(expected.isHeld);
        expect(comparable(cluster.allFields(lb))).toEqual(comparable(expected.fields));
        // During a hold only what is told about the fleet is written, the hold itself too.
        expect(comparable(summed)).toEqual(comparable(expected.fields));
      }
    }),
    { numRuns: Number(process.env['FUZZ_RUNS'] ?? 300) },
  );
});
