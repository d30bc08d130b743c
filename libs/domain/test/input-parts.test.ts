import { expect, it } from 'vitest';
import {
  endpointProjections,
  fleetName,
  inputField,
  inputParts,
  isNoteField,
  lastGoodParts,
  objectOf,
  objectsRead,
  rulesOfField,
  writtenProjections,
} from '../src/index.ts';

const lb = fleetName('lb');

it('each part has one maker: a projection of what people write or of the cluster, or the watcher itself', () => {
  const makers = (part: string) => ({
    people: writtenProjections.filter(({ parts }) => (parts as readonly string[]).includes(part)).length,
    cluster: endpointProjections.filter((each) => each.part === part).length,
    watcher: 0,
  });
  for (const [part, { madeBy }] of Object.entries(inputParts)) {
    expect([part, makers(part)]).toEqual([
      part,
      { people: 0, cluster: 0, watcher: 0, ...(madeBy !== 'watcher' && { [madeBy]: 1 }) },
    ]);
  }
});

it('only what people write keeps a last good value', () => {
  expect(lastGoodParts).toEqual(writtenProjections.flatMap(({ parts }) => parts).toSorted(byTable));
  const rules = Object.values(inputParts);
  expect(rules.filter(({ keepsLastGood }) => keepsLastGood).every(({ madeBy }) => madeBy === 'people')).toBe(true);
});

it('private keys are sealed', () => {
  expect(rulesOfField(inputField('key', 'site')).isSealed).toBe(true);
  expect(rulesOfField(inputField('certificate', 'site')).isSealed).toBe(false);
});

it.each(['later/x', 'constructor', 'toString/x', ''])(
  'a part of another version (%j) is nothing to templates',
  (field) => {
    expect(rulesOfField(field)).toMatchObject({ inTemplates: 'nothing', keepsLastGood: false });
    expect(isNoteField(field)).toBe(true);
  },
);

it('a source has to bring what the projections read, and messages name it', () => {
  expect(objectsRead([lb])).toEqual({
    resources: ['pods'],
    objects: [
      { resource: 'configmaps', namespace: 'lb', name: 'services' },
      { resource: 'configmaps', namespace: 'lb', name: 'config' },
      { resource: 'configmaps', namespace: 'lb', name: 'certificates' },
      { resource: 'secrets', namespace: 'lb', name: 'keys' },
    ],
  });
  expect(objectOf('key', lb)).toBe('secrets/lb/keys');
  expect(() => objectOf('pod', lb)).toThrow(RangeError);
});

const order = Object.keys(inputParts);
const byTable = (a: string, b: string) => order.indexOf(a) - order.indexOf(b);
