import { describe, expect, it } from 'vitest';
import { unmet } from '../src/offline/expectations.ts';

const rendered = {
  kind: 'rendered',
  config: 'backend shop\n  balance leastconn\n  server a 10.0.0.1:80 check\nbackend blog\n  server b 10.0.0.2:80\n',
  files: new Map([['hosts.map', 'shop.example.com shop\n']]),
  problems: ['configmaps/lb/services, key "x": not valid JSON'],
} as const;

describe('expectations of a template test', () => {
  it('hold when lines, backends and problems are there', () => {
    const backend = { name: 'shop', servers: ['10.0.0.1:80'], lines: ['balance leastconn'] };
    expect(unmet({ lines: ['server b 10.0.0.2:80'], backend, problems: ['not valid JSON'] }, rendered)).toEqual([]);
  });

  it('name the missing and the unwanted line', () => {
    expect(unmet({ lines: ['mode tcp'], noLines: ['balance leastconn'] }, rendered)).toEqual([
      'the configuration has no line "mode tcp"',
      'the configuration has a line "balance leastconn"',
    ]);
  });

  it('look into the named backend alone', () => {
    expect(unmet({ backend: { name: 'blog', lines: ['balance leastconn'] } }, rendered)).toHaveLength(1);
    expect(unmet({ backend: { name: 'blog', servers: ['10.0.0.1:80'] } }, rendered)[0]).toContain('10.0.0.2:80');
    expect(unmet({ backend: { name: 'none' } }, rendered)).toEqual(['there is no backend "none"']);
  });

  it('know two spellings of one address, and any order', () => {
    const config = 'backend six\n  server a ::1:80\n  server b 10.0.0.1:80\n';
    const backend = { name: 'six', servers: ['10.0.0.1:80', '[::1]:80'] };
    expect(unmet({ backend }, { ...rendered, config })).toEqual([]);
    expect(unmet({ backend: { ...backend, servers: ['10.0.0.1:80'] } }, { ...rendered, config })).toHaveLength(1);
  });

  it('end a backend where the next section begins', () => {
    const config = 'backend a\n  mode tcp\nhttp-errors x\n  errorfile 400 /x\n';
    expect(unmet({ backend: { name: 'a', noLines: ['errorfile 400 /x'] } }, { ...rendered, config })).toEqual([]);
  });

  it('look into the files beside the configuration', () => {
    expect(unmet({ file: { name: 'hosts.map', lines: ['shop.example.com shop'] } }, rendered)).toEqual([]);
    expect(unmet({ file: [{ name: 'hosts.map', lines: ['x'] }, { name: 'other.map' }] }, rendered)).toEqual([
      'file "hosts.map" has no line "x"',
      'there is no file "other.map"',
    ]);
  });

  it('take an error only when it was expected, and only that one', () => {
    const failed = { kind: 'failed', reason: 'line 3: unexpected end', problems: [] } as const;
    expect(unmet({}, failed)).toEqual(['it failed: line 3: unexpected end']);
    expect(unmet({ error: 'unexpected end' }, failed)).toEqual([]);
    expect(unmet({ error: 'other' }, failed)).toHaveLength(1);
    expect(unmet({ error: 'other' }, rendered)).toHaveLength(1);
  });
});
