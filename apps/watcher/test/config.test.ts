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

  it('names the variable of a file that cannot be read', () => {
    const config = load({ FLOTILLA_ETCD_CA_FILE: '/does/not/exist' });
    expect(() => etcd2Options(config)).toThrow(ConfigError);
    expect(() => etcd2Options(config)).toThrow('FLOTILLA_ETCD_CA_FILE "/does/not/exist" cannot be read');
  });
});
