import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { bindsOf, endpointsOf, fdDemandOf, fdsNeeded } from '../../src/process/preflight.ts';

describe('endpointsOf', () => {
  it.each([
    [':80', [{ host: '0.0.0.0', port: 80 }]],
    ['*:80', [{ host: '0.0.0.0', port: 80 }]],
    ['10.0.0.1:80-82', [80, 81, 82].map((port) => ({ host: '10.0.0.1', port }))],
    ['[::]:443', [{ host: '::', port: 443 }]],
    [':::443', [{ host: '::', port: 443 }]],
    [
      'ipv4@1.2.3.4:5,tcp6@[::1]:6',
      [
        { host: '1.2.3.4', port: 5 },
        { host: '::1', port: 6 },
      ],
    ],
    ['/run/x.sock', []],
    ['unix@/run/x.sock', []],
    ['abns@name:80', []],
    ['fd@4', []],
    ['quic4@:443', []],
    ['$HOST:80', []],
  ])('reads %s', (address, endpoints) => {
    expect(endpointsOf(address)).toEqual(endpoints);
  });
});

describe('what a configuration needs', () => {
  const config = parseConfig(`global
  maxconn 1000
frontend f
  bind :80 # plain
  bind "*:443" ssl crt /x
  bind "$HOST:1"
listen l
  bind 127.0.0.1:9
  server a 1.1.1.1:1 check
  server b 1.1.1.1:2 weight 3 check inter 2s
  server checked 1.1.1.1:2
`);

  it('finds the binds and where they stand', () => {
    expect(bindsOf(config)).toEqual([
      { address: ':80', where: 'frontend f' },
      { address: '*:443', where: 'frontend f' },
      { address: '127.0.0.1:9', where: 'listen l' },
    ]);
  });

  it('counts file descriptors', () => {
    expect(fdDemandOf(config)).toEqual({ maxconn: 1000, ulimit: undefined, listeners: 3, checkedServers: 2 });
    expect(fdsNeeded(fdDemandOf(config))).toBe(2_015);
    expect(fdsNeeded(fdDemandOf(parseConfig('global\n  maxconn 9\n  ulimit-n 4000\n')))).toBe(4_000);
    expect(fdsNeeded(fdDemandOf(parseConfig('frontend f\n  bind :80\n')))).toBe(0);
  });
});
