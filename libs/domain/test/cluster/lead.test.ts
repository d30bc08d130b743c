import { beforeEach, describe, expect, it } from 'vitest';
import { Cluster, type Problem, fleetName, missingField } from '../../src/index.ts';
import { at, comesBefore, base64, del, podObject, put, stored } from './objects.ts';
import { pems } from './pems.ts';

const lb = fleetName('lb');
const shop = { namespace: 'web', selector: { app: 'shop' } };
const start = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;
const paths = {
  services: 'configmaps/lb/services',
  config: 'configmaps/lb/config',
  certificates: 'configmaps/lb/certificates',
  keys: 'secrets/lb/keys',
};
const services = (entries: Record<string, unknown>) => ({
  data: Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ),
});

let now = start;
let cluster: Cluster;
const newCluster = () => new Cluster([lb], { graceMs: hour, now: () => now, comesBefore });
const fields = (of = cluster) => Object.fromEntries(of.allFields(lb));
const problem = (object: string, key?: string): Problem | undefined => {
  const text = fields()[['problem', encodeURIComponent(object), ...(key ? [key] : [])].join('/')];
  return text === undefined ? undefined : (JSON.parse(text) as Problem);
};
const inputs = (of = cluster) =>
  Object.keys(fields(of))
    .filter((field) => !/^(problem|missing|hold)/.test(field))
    .sort();
const written = (values: Record<string, string>, count: number) => ({
  fields: new Map(Object.entries(values)),
  position: at(count),
});
const everything = () => [
  stored('pods/web/a', podObject({ app: 'shop' })),
  stored(paths.services, services({ shop })),
  stored(paths.config, { data: { template: 'T' } }),
  stored(paths.certificates, { data: { site: pems.one.certificate } }),
  stored(paths.keys, { data: { site: base64(pems.one.key) } }),
];
const whole = ['certificate/site', 'config/template', 'key/site', 'pod/shop/a', 'service/shop'];

beforeEach(() => {
  now = start;
  cluster = newCluster();
  cluster.replace(everything(), at(100_000));
  cluster.takeChanges(lb);
});

describe('last good values belong to the fleet', () => {
  const lastGood = {
    'service/shop': JSON.stringify(shop),
    'service/gone': JSON.stringify(shop),
    'config/template': 'old',
    'config/old.map': 'old',
    'certificate/site': pems.one.certificate,
    'key/site': pems.one.key,
  };

  it('what was written stands in for what is bad now, and for nothing else', () => {
    cluster = newCluster();
    cluster.replace(
      [
        stored('pods/web/a', podObject({ app: 'shop' })),
        stored(paths.services, services({ shop: '{' })),
        stored(paths.config, { data: { template: '' } }),
        stored(paths.certificates, { data: { site: 'garbage' } }),
        stored(paths.keys, { data: { site: base64(pems.one.key) } }),
      ],
      at(1_000),
    );
    cluster.takeOver(lb, written(lastGood, 900), at(1_000));
    expect(inputs()).toEqual(whole);
    expect(fields()['config/template']).toBe('old');
    expect(problem(paths.config, 'template')?.serves).toBe('last-good');
  });

  it('a newer good value that only the former leader saw is not replaced by an older one that this process saw', () => {
    cluster.apply([put(paths.config, { data: { template: '' } })]);
    cluster.takeOver(lb, written({ ...fields(), 'config/template': 'newer' }, 100_002), at(100_010));
    expect(fields()['config/template']).toBe('newer');
  });

  it('a value that this process saw after the last write is newer than what was written', () => {
    const change = put(paths.config, { data: { template: 'newest' } });
    cluster = newCluster();
    cluster.replace(everything(), at(10));
    cluster.apply([change, put('pods/web/x', {})]);
    cluster.apply([put(paths.config, { data: { template: '' } })]);
    cluster.takeOver(
      lb,
      written({ ...fields(), 'config/template': 'older' }, Number(change.position) - 1),
      at(Number(change.position) + 3),
    );
    expect(fields()['config/template']).toBe('newest');
  });

  it('an entry that was removed and put back broken does not come back, whoever leads', () => {
    // This process was away when the entry was removed: it finds it broken, and remembers it good.
    cluster.apply([put(paths.services, services({ shop: '{' }))]);
    expect(inputs()).toContain('service/shop');
    cluster.takeOver(lb, written({ 'config/template': 'T' }, 100_002), at(100_010));
    expect(inputs()).not.toContain('service/shop');
    expect(inputs()).not.toContain('pod/shop/a');
    expect(problem(paths.services, 'shop')?.serves).toBe('nothing');
  });

  it('an entry whose removal only this process saw does not come back either', () => {
    cluster = newCluster();
    cluster.replace(everything(), at(10));
    cluster.apply([put(paths.services, services({}))]);
    const last = put(paths.services, services({ shop: '{' }));
    cluster.apply([last]);
    cluster.takeOver(lb, written({ 'service/shop': JSON.stringify(shop) }, Number(last.position) - 2), last.position);
    expect(inputs()).not.toContain('service/shop');
  });

  it('positions of a store that was set back prove nothing: what was written counts', () => {
    cluster.apply([put(paths.config, { data: { template: '' } })]);
    cluster.replace([...everything().slice(0, 2), stored(paths.config, { data: { template: '' } })], at(50));
    cluster.takeOver(lb, written({ ...fields(), 'config/template': 'written' }, 60), at(60));
    expect(fields()['config/template']).toBe('written');
  });
});

describe('a value that was refused is no last good value', () => {
  const notes = (values: Record<string, string | null>) => new Map(Object.entries(values));

  it('what was accepted before stands in for entries that are set aside, and for nothing else', () => {
    cluster.apply([
      put(paths.services, services({ shop: '{', blog: '{' })),
      put(paths.config, { data: { template: '' } }),
      put(paths.certificates, { data: { site: 'garbage' } }),
    ]);
    expect(cluster.keptFields(lb)).toEqual(['service/shop', 'config/template', 'certificate/site', 'key/site']);
    const other = JSON.stringify({ namespace: 'web', selector: { app: 'other' } });
    cluster.fallBack(
      lb,
      notes({
        'service/shop': other,
        'config/template': 'before',
        'certificate/site': pems.two.certificate,
        'key/site': pems.two.key,
        'config/x': 'never there',
      }),
    );
    expect(fields()).toMatchObject({
      'service/shop': other,
      'config/template': 'before',
      'certificate/site': pems.two.certificate,
      'key/site': pems.two.key,
    });
    expect(inputs()).toEqual(['certificate/site', 'config/template', 'key/site', 'service/shop']);
  });

  it('nothing stands in where nothing was accepted, and what is good stays', () => {
    cluster.apply([put(paths.services, services({ shop: '{' }))]);
    cluster.fallBack(lb, notes({ 'service/shop': null, 'config/template': 'before' }));
    expect(inputs()).toEqual(['certificate/site', 'config/template', 'key/site']);
    expect(fields()['config/template']).toBe('T');
    expect(problem(paths.services, 'shop')?.serves).toBe('nothing');
  });
});

describe('a fleet whose store lost what it had', () => {
  const changed = () => [...cluster.takeChanges(lb).changes.keys()].sort();
  const notes = expect.arrayContaining([
    'hold',
    'problem/configmaps%2Flb%2Fconfig',
    'problem/configmaps%2Flb%2Fservices',
  ]);

  it('is held with everything it has, until that is back and the hold is ended', () => {
    cluster.replace([], at(200_000));
    expect(cluster.lacks(lb)).toEqual([paths.services, paths.config, paths.certificates, paths.keys, 'pods']);
    expect(changed()).toEqual(notes);
    expect(inputs()).toEqual(whole);
    for (const object of everything().slice(1)) cluster.apply([{ kind: 'put', ...object }]);
    expect(cluster.lacks(lb)).toEqual(['pods']);
    expect(JSON.parse(fields()['hold'] ?? '')).toMatchObject({ since: '2026-01-01T00:00:00.000Z', missing: ['pods'] });
    cluster.apply([put('pods/web/n', podObject({ app: 'shop' }))]);
    expect(cluster.lacks(lb)).toEqual([]);
    expect(cluster.hold(lb)).toBeDefined();
    expect(inputs()).toEqual(whole);
    cluster.takeChanges(lb);
    cluster.endHold(lb);
    expect(changed()).toEqual(['hold', 'pod/shop/a', 'pod/shop/n']);
    expect(inputs()).toEqual(whole.map((field) => (field === 'pod/shop/a' ? 'pod/shop/n' : field)));
  });

  it('is held before the pods that went with the configmaps are believed gone', () => {
    cluster.apply([del('pods/web/a'), ...[paths.services, paths.config, paths.certificates].map(del)]);
    expect(inputs()).toEqual(whole);
  });

  it('keeps the certificate that is set aside', () => {
    cluster.apply([put(paths.certificates, { data: { site: 'garbage' } })]);
    cluster.replace([], at(200_000));
    now += 2 * hour;
    cluster.letGo(lb);
    for (const object of everything().slice(0, 3)) cluster.apply([{ kind: 'put', ...object }]);
    cluster.apply([put(paths.certificates, { data: { site: 'garbage' } }), put(paths.keys, { data: {} })]);
    expect(cluster.lacks(lb)).toEqual([]);
    cluster.endHold(lb);
    expect(inputs()).toEqual(whole);
    expect(problem(paths.certificates, 'site')).toMatchObject({ serves: 'last-good' });
  });

  it('is not held as long as one configmap is left, readable or not', () => {
    for (const gone of [paths.services, paths.config]) {
      cluster.apply([del(gone)]);
      expect(cluster.hold(lb)).toBeUndefined();
      cluster.apply([put(gone, 'garbage')]);
    }
  });

  it('is held when the store was set back and lacks something, and not when it has all', () => {
    cluster.replace(everything(), at(50));
    expect(cluster.hold(lb)).toBeUndefined();
    expect(inputs()).toEqual(whole);
    expect(changed()).toEqual([]);
    cluster.replace(everything().slice(1), at(40));
    expect(cluster.lacks(lb)).toEqual(['pods']);
    expect(inputs()).toEqual(whole);
  });

  it('is held by whoever takes over in the middle of it', () => {
    const record = { ...fields() };
    const half = everything().slice(1, 2);
    cluster = newCluster();
    cluster.replace(half, at(12));
    cluster.takeOver(lb, written(record, 100_000), at(12));
    expect(cluster.lacks(lb)).toEqual([paths.config, paths.certificates, paths.keys, 'pods']);
    expect(inputs()).toEqual(whole);
    const next = newCluster();
    next.replace(half, at(12));
    next.takeOver(lb, written(fields(), 12), at(12));
    expect(fields(next)).toEqual(fields());
  });

  it('goes on with what a process remembers when what was written is lost meanwhile', () => {
    cluster.replace([], at(5));
    cluster.apply([put(paths.services, services({ shop }))]);
    expect(inputs()).toEqual(whole);
  });

  it('ends at an operator’s word, with what the store says then', () => {
    cluster.replace(everything().slice(1, 2), at(5));
    expect(inputs()).toEqual(whole);
    cluster.believe(lb);
    expect(inputs()).toEqual(['service/shop']);
    expect(cluster.hold(lb)).toBeUndefined();
    cluster.apply([put('pods/web/n', podObject({ app: 'shop' }))]);
    expect(inputs()).toContain('pod/shop/n');
  });

  it('ends at an operator’s word also when the store has nothing of it, and is not held again for that', () => {
    cluster.replace([], at(5));
    cluster.believe(lb);
    cluster.replace([], at(6));
    expect(cluster.hold(lb)).toBeUndefined();
    expect(inputs()).toEqual([]);
  });

  it('is not held when there never was a good value of it, so that what is missing is told', () => {
    cluster = newCluster();
    cluster.replace([], at(1));
    expect(cluster.hold(lb)).toBeUndefined();
    cluster.takeOver(lb, written({ 'config/template': 'old' }, 1), at(1));
    expect(cluster.lacks(lb)).toEqual([paths.config]);
  });
});

describe('what is deleted serves on for a while', () => {
  const site = missingField('certificate', 'site');
  const until = '2026-01-01T01:00:00.000Z';

  it.each<[what: string, changes: () => Parameters<Cluster['apply']>[0], about: [string, string]]>([
    ['the secret with the keys', () => [del(paths.keys)], [paths.certificates, 'site']],
    ['an entry of it', () => [put(paths.keys, { data: {} })], [paths.certificates, 'site']],
    ['the certificates', () => [del(paths.certificates)], [paths.keys, 'site']],
    ['both', () => [del(paths.keys), del(paths.certificates)], [paths.certificates, 'site']],
  ])('a pair, when %s goes', (_, changes, [object, key]) => {
    cluster.apply(changes());
    expect(inputs()).toEqual(whole);
    expect(problem(object, key)).toMatchObject({ serves: 'last-good', until });
    now += hour - 1;
    cluster.letGo(lb);
    expect(inputs()).toEqual(whole);
    now += 1;
    cluster.letGo(lb);
    expect(inputs()).toEqual(['config/template', 'pod/shop/a', 'service/shop']);
    expect(fields()[site]).toBeUndefined();
  });

  it('a pair that comes back in time is replaced, and its time begins anew when it goes again', () => {
    cluster.apply([del(paths.keys), del(paths.certificates)]);
    now += hour - 1;
    cluster.apply([
      put(paths.certificates, { data: { site: pems.two.certificate } }),
      put(paths.keys, { data: { site: base64(pems.two.key) } }),
    ]);
    expect(fields()).toMatchObject({ 'certificate/site': pems.two.certificate, 'key/site': pems.two.key });
    expect(fields()[site]).toBeUndefined();
    cluster.apply([del(paths.keys)]);
    now += hour - 1;
    cluster.letGo(lb);
    expect(inputs()).toEqual(whole);
  });

  it.each(['site', 'ssl/site.pem'])('a pair that a service named (%s) goes when none does any more', (name) => {
    cluster.apply([put(paths.services, services({ shop: { ...shop, tls: { certificate: name } } }))]);
    cluster.apply([del(paths.keys)]);
    expect(inputs()).toEqual(whole);
    cluster.apply([put(paths.services, services({ shop: { ...shop, text: 'no site.pem here' } }))]);
    expect(inputs()).toEqual(['config/template', 'pod/shop/a', 'service/shop']);
  });

  it('all services, when their configmap goes', () => {
    cluster.apply([del(paths.services)]);
    expect(inputs()).toEqual(whole);
    expect(problem(paths.services)).toMatchObject({ code: 'missing', serves: 'last-good', until });
    now += hour;
    cluster.letGo(lb);
    expect(inputs()).toEqual(['certificate/site', 'config/template', 'key/site']);
  });

  it('the template for as long as it is missing: there is nothing to render without one', () => {
    cluster.apply([del(paths.config)]);
    now += 10 * hour;
    cluster.letGo(lb);
    expect(inputs()).toEqual(whole);
  });

  it('with a clock that goes on whoever leads', () => {
    cluster.apply([del(paths.keys), del(paths.services)]);
    const record = written(fields(), 100_000);
    now += hour / 2;
    cluster = newCluster();
    cluster.replace([...everything().slice(0, 1), ...everything().slice(2, 4)], at(100_001));
    cluster.takeOver(lb, record, at(100_001));
    expect(inputs()).toEqual(whole);
    now += hour / 2;
    cluster.letGo(lb);
    expect(inputs()).toEqual(['config/template']);
  });

  it('also what was deleted while nobody watched', () => {
    const record = written(fields(), 100_000);
    cluster = newCluster();
    cluster.replace(everything().slice(0, 4), at(100_001));
    cluster.takeOver(lb, record, at(100_001));
    expect(inputs()).toEqual(whole);
    expect(problem(paths.certificates, 'site')).toMatchObject({ serves: 'last-good', until });
  });

  it('and nothing counts that whoever led before let go already', () => {
    cluster.apply([del(paths.keys), del(paths.services)]);
    cluster.takeOver(lb, written({ 'config/template': 'T' }, 100_010), at(100_010));
    expect(inputs()).toEqual(['config/template']);
    expect(Object.keys(fields()).filter((field) => field.startsWith('missing/'))).toEqual([]);
  });

  it('until an operator says that it is meant', () => {
    cluster.apply([del(paths.keys)]);
    cluster.letGo(lb, [site]);
    expect(inputs()).toEqual(['config/template', 'pod/shop/a', 'service/shop']);
  });
});
