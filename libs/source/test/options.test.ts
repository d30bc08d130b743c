import { describe, expect, it } from 'vitest';
import { lineSplitter } from '../src/etcd2/lines.ts';
import { settingsOf } from '../src/etcd2/options.ts';
import { EndpointError, parseEndpoints } from '../src/index.ts';

describe('endpoints', () => {
  it('keep their base path and lose the slash at the end', () => {
    const [one, two] = parseEndpoints('http://host:2379/, https://example.com/etcd/one/');
    expect(one).toMatchObject({ origin: 'http://host:2379', basePath: '', name: 'http://host:2379' });
    expect(two).toMatchObject({ origin: 'https://example.com', basePath: '/etcd/one' });
  });

  it('carry credentials in the header and nowhere else', () => {
    const [endpoint] = parseEndpoints('http://us%3Aer:p%40ss%@host:2379');
    expect(endpoint).toEqual({
      origin: 'http://host:2379',
      basePath: '',
      name: 'http://host:2379',
      authorization: `Basic ${Buffer.from('us:er:p%40ss%').toString('base64')}`,
    });
  });

  it.each(['', ' , ', 'host:2379', 'ftp://u:s3cret@host', 'http://u:s3cret@host/?x=1', 'http://u:s3cret@:0:1'])(
    'that cannot be used are refused without quoting a password: %j',
    (text) => {
      expect(() => parseEndpoints(text)).toThrow(EndpointError);
      expect(() => parseEndpoints(text)).not.toThrow(/s3cret/);
    },
  );
});

describe('settings', () => {
  it('have defaults, and credentials for endpoints without their own', () => {
    const settings = settingsOf({
      endpoints: 'http://a,http://u:v@b',
      resources: ['/pods/'],
      username: 'x',
      password: 'y',
    });
    expect(settings).toMatchObject({ prefix: '/registry', resources: ['pods'] });
    expect(
      settings.endpoints.map(({ authorization = '' }) => Buffer.from(authorization.slice(6), 'base64').toString()),
    ).toEqual(['x:y', 'u:v']);
  });

  it.each([[], [''], ['pods', 'pods'], ['secrets', 'secrets/lb'], ['/pods/', 'pods']])(
    'refuse subtrees that overlap or are empty: %j',
    (...resources) => {
      expect(() => settingsOf({ endpoints: 'http://a', resources })).toThrow(TypeError);
    },
  );

  it('take any prefix, also none', () => {
    expect(settingsOf({ endpoints: 'http://a', resources: ['pods'], prefix: 'kubernetes.io/registry/' }).prefix).toBe(
      '/kubernetes.io/registry',
    );
    expect(settingsOf({ endpoints: 'http://a', resources: ['pods'], prefix: '/' }).prefix).toBe('');
    expect(settingsOf({ endpoints: 'http://a', resources: ['pods', 'pods2'] }).resources).toEqual(['pods', 'pods2']);
  });
});

describe('lines', () => {
  it.each([1, 2, 3, 5, 100])('are put together from chunks of %d', (size) => {
    const lines: string[] = [];
    const split = lineSplitter((line) => lines.push(line));
    const text = '{"a":1}\n\n{"b":"ü😀"}\r\n{"unfinished"';
    for (let at = 0; at < text.length; at += size) split(text.slice(at, at + size));
    expect(lines).toEqual(['{"a":1}', '{"b":"ü😀"}\r']);
  });
});
