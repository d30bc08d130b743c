import { beforeEach, describe, expect, it } from 'vitest';
import { Cluster, type FleetName, type Problem, fleetName } from '../../src/index.ts';
import { at, comesBefore, base64, del, podObject, put, stored } from './objects.ts';
import { pems } from './pems.ts';

const lb = fleetName('lb');
const shop = { namespace: 'web', selector: { app: 'shop' } };
const config = stored('configmaps/lb/config', { data: { template: 'T', 'hosts.map': 'M' } });
const services = (entries: Record<string, unknown>) => ({
  data: Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ),
});

let cluster: Cluster;
const now = Date.parse('2026-01-01T00:00:00Z');
const hour = 3_600_000;
const newCluster = (...fleets: FleetName[]) => new Cluster(fleets, { graceMs: hour, now: () => now, comesBefore });
const fields = (fleet: FleetName = lb) => Object.fromEntries(cluster.allFields(fleet));
const names = (fleet: FleetName = lb) => Object.keys(fields(fleet)).sort();
const problem = (object: string, key?: string): Problem | undefined => {
  const text = fields()[['problem', encodeURIComponent(object), ...(key ? [encodeURIComponent(key)] : [])].join('/')];
  return text === undefined ? undefined : (JSON.parse(text) as Problem);
};
const problems = () => names().filter((name) => name.startsWith('problem/'));
const pods = () => names().filter((name) => name.startsWith('pod/'));

beforeEach(() => {
  cluster = newCluster(lb);
  cluster.replace(
    [
      stored('pods/web/a', podObject({ app: 'shop' })),
      stored('pods/web/b', podObject({ app: 'blog' })),
      stored('pods/web/bare', podObject(undefined)),
      stored('pods/other/c', podObject({ app: 'shop' })),
      stored('configmaps/lb/services', services({ shop })),
      config,
    ],
    at(100),
  );
  cluster.takeChanges(lb);
});

describe('pods', () => {
  it('gives a service the ready pods of its namespace that carry every label', () => {
    expect(pods()).toEqual(['pod/shop/a']);
  });

  it('hands over each pod as it is stored', () => {
    expect(JSON.parse(fields()['pod/shop/a'] ?? '')).toEqual(podObject({ app: 'shop' }));
  });

  it('drops a pod that turns unready, is deleted or is relabelled', () => {
    for (const change of [
      put('pods/web/a', podObject({ app: 'shop' }, { ready: false })),
      put('pods/web/a', podObject({ app: 'blog' })),
      put('pods/web/a', podObject(undefined)),
      put('pods/web/a', { metadata: { labels: { app: 'shop' } } }),
      put('pods/web/a', {
        ...podObject({ app: 'shop' }),
        metadata: { deletionTimestamp: 'now', labels: { app: 'shop' } },
      }),
      put('pods/web/a', 'no json'),
      del('pods/web/a'),
    ]) {
      cluster.apply([put('pods/web/a', podObject({ app: 'shop' }))]);
      expect(pods()).toEqual(['pod/shop/a']);
      cluster.apply([change]);
      expect(pods()).toEqual([]);
    }
  });

  it('lets {} select every ready pod of the namespace, with labels or without', () => {
    cluster.apply([put('configmaps/lb/services', services({ all: { namespace: 'web', selector: {} } }))]);
    expect(pods()).toEqual(['pod/all/a', 'pod/all/b', 'pod/all/bare']);
  });

  it('tells of a pod that cannot be read where it could be meant, until it is mended', () => {
    cluster.apply([put('pods/web/bad', '{"secret'), put('pods/other/bad', 'x')]);
    expect(problem('pods/web/bad')).toMatchObject({ code: 'not-json', object: 'pods/web/bad' });
    expect(JSON.stringify(fields())).not.toContain('secret');
    expect(problem('pods/other/bad')).toBeUndefined();
    cluster.apply([put('configmaps/lb/services', services({ shop: { namespace: 'other', selector: {} } }))]);
    expect(problem('pods/web/bad')).toBeUndefined();
    expect(problem('pods/other/bad')).toMatchObject({ code: 'not-json' });
    cluster.apply([del('pods/other/bad')]);
    expect(problems()).toEqual([]);
  });

  it('sets aside one whose name or address is none, and tells why, whatever is in its name', () => {
    cluster.apply([
      put('pods/web/\ud800', podObject({ app: 'shop' })),
      put('pods/web/evil', podObject({ app: 'shop' }, { ip: '10.0.0.9\n  http-request deny' })),
    ]);
    expect(pods()).toEqual(['pod/shop/a']);
    expect(problem('pods/web/evil')).toMatchObject({ code: 'bad-pod', serves: 'nothing' });
    expect(problem('pods/web/\ufffd')).toMatchObject({ code: 'bad-pod' });
    cluster.apply([del('pods/web/\ud800'), del('pods/web/evil')]);
    expect(problems()).toEqual([]);
  });
});

describe('changes', () => {
  it('are what differs since they were last taken, with what caused it', () => {
    const change = put('pods/web/z', podObject({ app: 'shop' }));
    cluster.apply([change, del('pods/web/a')]);
    const { changes, provenance } = cluster.takeChanges(lb);
    expect([...changes]).toEqual([
      ['pod/shop/z', 'text' in change ? change.text : ''],
      ['pod/shop/a', null],
    ]);
    expect(provenance.map(({ object }) => object)).toEqual(['pods/web/z', 'pods/web/a']);
    expect(provenance[0]?.position).toBe(change.position);
    expect(cluster.takeChanges(lb)).toEqual({ changes: new Map(), provenance: [] });
  });

  it('are none for a pod that no service takes, a repeated value, or one that came and went', () => {
    cluster.apply([
      put('pods/web/q', podObject({ app: 'queue' })),
      put('pods/web/a', podObject({ app: 'shop' })),
      put('pods/web/n', podObject({ app: 'shop' })),
      del('pods/web/n'),
      put('configmaps/lb/unrelated', { data: {} }),
    ]);
    expect(cluster.takeChanges(lb).changes.size).toBe(0);
  });

  it('after a resync are the difference to before', () => {
    cluster.replace(
      [
        stored('pods/web/a', podObject({ app: 'shop' })),
        stored('pods/web/d', podObject({ app: 'shop' })),
        stored('configmaps/lb/services', services({ shop, two: shop })),
        config,
      ],
      at(200),
    );
    expect([...cluster.takeChanges(lb).changes.keys()].sort()).toEqual([
      'pod/shop/d',
      'pod/two/a',
      'pod/two/d',
      'service/two',
    ]);
  });
});

describe('service entries', () => {
  it('keep their last good value when they turn bad, while the others go on', () => {
    const bad = ['no json', '[]', '{"selector":{}}', '{"namespace":"web"}', '{"namespace":"web","selector":{"a":1}}'];
    for (const text of bad) {
      cluster.apply([
        put('configmaps/lb/services', services({ shop: text, blog: { namespace: 'web', selector: { app: 'blog' } } })),
      ]);
      expect(fields()['service/shop']).toBe(JSON.stringify(shop));
      expect(pods()).toEqual(['pod/blog/b', 'pod/shop/a']);
      expect(problem('configmaps/lb/services', 'shop')?.code).toBe('bad-service');
      cluster.apply([put('configmaps/lb/services', services({ shop }))]);
      expect(problems()).toEqual([]);
    }
  });

  it('go on selecting pods with the last good selector', () => {
    cluster.apply([
      put('configmaps/lb/services', services({ shop: '{' })),
      put('pods/web/n', podObject({ app: 'shop' })),
    ]);
    expect(pods()).toEqual(['pod/shop/a', 'pod/shop/n']);
  });

  it('all stay when the configmap is gone or has no data, but {} means none', () => {
    for (const change of [del('configmaps/lb/services'), put('configmaps/lb/services', {})]) {
      cluster.apply([change]);
      expect(pods()).toEqual(['pod/shop/a']);
      expect(problem('configmaps/lb/services')?.code).toBe('missing');
    }
    cluster.apply([put('configmaps/lb/services', { data: {} })]);
    expect(pods()).toEqual([]);
    expect(problem('configmaps/lb/services')).toBeUndefined();
  });

  it('with a bad name are told and never written', () => {
    for (const key of ['../x', 'a/b', '..', '', '\ud800', 'ü']) {
      cluster.apply([put('configmaps/lb/services', services({ [key]: shop }))]);
      expect(names().filter((name) => name.startsWith('service/'))).toEqual([]);
      expect(problems()).toHaveLength(1);
    }
  });

  it('change their text without touching their pods', () => {
    cluster.apply([put('configmaps/lb/services', services({ shop: { ...shop, hostname: 'x' } }))]);
    expect([...cluster.takeChanges(lb).changes.keys()]).toEqual(['service/shop']);
  });
});

describe('config', () => {
  it('passes the template and every other key on', () => {
    expect(fields()).toMatchObject({ 'config/template': 'T', 'config/hosts.map': 'M' });
  });

  it('keeps the last good template when it is missing or empty, and removes other keys', () => {
    for (const data of [{}, { template: '' }, { template: ' \n' }, { template: 3 }]) {
      cluster.apply([put('configmaps/lb/config', { data })]);
      expect(fields()['config/template']).toBe('T');
      expect(fields()['config/hosts.map']).toBeUndefined();
      expect(problem('configmaps/lb/config', 'template')).toBeDefined();
    }
    cluster.apply([put('configmaps/lb/config', { data: { template: 'U' } })]);
    expect(fields()['config/template']).toBe('U');
    expect(problems()).toEqual([]);
  });

  it('stays as it was when the configmap is deleted', () => {
    cluster.apply([del('configmaps/lb/config')]);
    expect(fields()).toMatchObject({ 'config/template': 'T', 'config/hosts.map': 'M' });
    expect(problem('configmaps/lb/config')?.code).toBe('missing');
  });
});

describe('certificates', () => {
  const both = (name: string, certificate: string, key: string) => [
    put('configmaps/lb/certificates', { data: { [name]: certificate } }),
    put('secrets/lb/keys', { data: { [name]: base64(key) } }),
  ];
  const pair = () => [fields()['certificate/site'], fields()['key/site']];

  it('are listed when both parts are there and fit', () => {
    cluster.apply(both('site', pems.one.certificate, pems.one.key));
    expect(pair()).toEqual([pems.one.certificate, pems.one.key]);
    expect(problems()).toEqual([]);
  });

  it('keep the last good pair through garbage, a mismatch, bad base64 and a half-finished update', () => {
    cluster.apply(both('site', pems.one.certificate, pems.one.key));
    for (const change of [
      put('configmaps/lb/certificates', { data: { site: 'garbage' } }),
      put('configmaps/lb/certificates', { data: { site: pems.two.certificate } }),
      put('configmaps/lb/certificates', { data: { site: pems.one.key + pems.one.certificate } }),
      put('configmaps/lb/certificates', 'garbage'),
      put('secrets/lb/keys', { data: { site: '*' } }),
      put('secrets/lb/keys', { data: { site: base64('garbage') } }),
    ]) {
      cluster.apply([change]);
      expect(pair()).toEqual([pems.one.certificate, pems.one.key]);
      expect(problems().length).toBeGreaterThan(0);
    }
    const told = problems()
      .map((name) => fields()[name])
      .join();
    expect(told).not.toContain('garbage');
    expect(told).not.toContain(base64(pems.one.key).slice(40, 60));
    cluster.apply(both('site', pems.two.certificate, pems.two.key));
    expect(pair()).toEqual([pems.two.certificate, pems.two.key]);
    expect(problems()).toEqual([]);
  });

  it('with one part only are not listed but told', () => {
    cluster.apply([put('configmaps/lb/certificates', { data: { site: pems.one.certificate } })]);
    expect(pair()).toEqual([undefined, undefined]);
    expect(problem('configmaps/lb/certificates', 'site')).toMatchObject({
      reason: 'its key is missing in secrets/lb/keys',
      serves: 'nothing',
    });
    cluster.apply([
      put('secrets/lb/keys', { data: { site: base64(pems.one.key) } }),
      del('configmaps/lb/certificates'),
    ]);
    expect(problem('secrets/lb/keys', 'site')?.reason).toContain('certificate is missing');
    expect(pair()).toEqual([undefined, undefined]);
  });

  it('with a bad name are told and never written', () => {
    cluster.apply(both('../site', pems.one.certificate, pems.one.key));
    expect(names().filter((name) => /^(certificate|key)/.test(name))).toEqual([]);
    expect(problem('configmaps/lb/certificates', '../site')?.code).toBe('bad-name');
  });
});

describe('several fleets', () => {
  it('each have fields of their own from the same pods', () => {
    const edge = fleetName('edge');
    cluster = newCluster(lb, edge);
    cluster.replace(
      [
        stored('configmaps/lb/services', services({ shop })),
        stored('configmaps/edge/services', services({ front: shop })),
        stored('pods/web/a', podObject({ app: 'shop' })),
      ],
      at(1),
    );
    expect(pods()).toEqual(['pod/shop/a']);
    expect(names(edge)).toContain('pod/front/a');
    expect(() => cluster.takeChanges(fleetName('none'))).toThrow('not followed');
  });
});

it('keeps a pod that has the name of one in the namespace which its service left', () => {
  cluster.apply([
    put('pods/other/a', podObject({ app: 'shop' })),
    put('configmaps/lb/services', services({ shop: { ...shop, namespace: 'other' }, blog: shop })),
  ]);
  expect(pods()).toEqual(['pod/blog/a', 'pod/shop/a', 'pod/shop/c']);
  cluster.apply([put('configmaps/lb/services', services({ shop, blog: { ...shop, namespace: 'other' } }))]);
  expect(pods()).toEqual(['pod/blog/a', 'pod/blog/c', 'pod/shop/a']);
});
