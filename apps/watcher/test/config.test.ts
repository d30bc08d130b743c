import { describe, expect, it } from 'vitest';
import { ConfigError, loadSettings } from '@flotilla/runtime';
import { etcd2Options, settings } from '../src/config.ts';

const load = (env: Record<string, string>) => loadSettings(settings, env);

describe('the configuration', () => {
  it('is complete without any setting', () => {
    expect(etcd2Options(load({}))).toEqual({
      endpoints: 'http://127.0.0.1:2379',
      prefix: '/registry',
      resources: ['pods', 'configmaps/lb', 'secrets/lb'],
      tls: {},
    });
  });

  it("reads the objects of its own fleets only, and everybody's when there are many", () => {
    const resources = (fleets: string) => etcd2Options(load({ FLOTILLA_FLEETS: fleets })).resources;
    expect(resources('lb,edge')).toEqual(['pods', 'configmaps/lb', 'secrets/lb', 'configmaps/edge', 'secrets/edge']);
    expect(resources(Array.from({ length: 17 }, (_, at) => `f${at}`).join())).toEqual([
      'pods',
      'configmaps',
      'secrets',
    ]);
  });

  it.each([
    ['ftp://etcd', 'etcd endpoint 1 has the scheme "ftp:": use http: or https:'],
    ['http://a:1,nonsense', 'etcd endpoint 2 is not a URL'],
    [' , ', 'no etcd endpoint is given'],
  ])('refuses ETCD2BASE=%s by name, without its text, which may hold a password', (text, reason) => {
    expect(() => load({ ETCD2BASE: text })).toThrow(`ETCD2BASE is refused: ${reason}`);
  });

  it('takes several endpoints with paths and slashes at the end', () => {
    const given = 'http://a:2379/, https://user:secret@b:2379/etcd/';
    expect(etcd2Options(load({ ETCD2BASE: given })).endpoints).toBe(given);
  });

  it('names the variable of a file that cannot be read', () => {
    const config = load({ FLOTILLA_ETCD_CA_FILE: '/does/not/exist' });
    expect(() => etcd2Options(config)).toThrow(ConfigError);
    expect(() => etcd2Options(config)).toThrow('FLOTILLA_ETCD_CA_FILE "/does/not/exist" cannot be read');
  });
});
