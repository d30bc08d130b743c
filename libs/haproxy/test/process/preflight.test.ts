import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { type Endpoint, bindsOf, covers, endpointsOf, placeOf } from '../../src/process/binds.ts';
import { effectiveConfig, withVariables } from '../../src/process/effective-config.ts';
import { fdDemandOf, fdsNeeded } from '../../src/process/fd-demand.ts';

const tcp = (host: string, port: number, v6only = false): Endpoint => ({ kind: 'tcp', host, port, v6only });

describe('endpointsOf', () => {
  it.each([
    [':80', [tcp('0.0.0.0', 80)]],
    ['*:80', [tcp('0.0.0.0', 80)]],
    ['10.0.0.1:80-82', [80, 81, 82].map((port) => tcp('10.0.0.1', port))],
    ['[::]:443', [tcp('::', 443)]],
    [':::443', [tcp('::', 443)]],
    ['ipv6@:443', [tcp('::', 443)]],
    ['ipv4@1.2.3.4:5', [tcp('1.2.3.4', 5)]],
    ['tcp6@[0:0::1]:6', [tcp('::1', 6)]],
    ['/run/x.sock', [{ kind: 'unix', path: '/run/x.sock' }]],
    ['unix@/run/x.sock', [{ kind: 'unix', path: '/run/x.sock' }]],
    ['abns@name:80', []],
    ['fd@4', []],
    ['quic4@:443', []],
    ['$HOST:80', []],
  ])('reads %s', (address, endpoints) => {
    expect(endpointsOf(address)).toEqual(endpoints);
  });
});

describe('covers', () => {
  it.each([
    [tcp('0.0.0.0', 80), tcp('10.0.0.1', 80), true],
    [tcp('10.0.0.1', 80), tcp('0.0.0.0', 80), false],
    [tcp('::', 80), tcp('0.0.0.0', 80), true],
    [tcp('::', 80, true), tcp('0.0.0.0', 80), false],
    [tcp('::', 80, true), tcp('::1', 80), true],
    [tcp('0.0.0.0', 80), tcp('::', 80), false],
    [tcp('0.0.0.0', 80), tcp('0.0.0.0', 81), false],
    [tcp('10.0.0.1', 80), tcp('10.0.0.2', 80), false],
    [tcp('some.host', 80), tcp('10.0.0.2', 80), true],
  ])('%o takes from %o: %s', (a, b, is) => {
    expect(covers(a, b)).toBe(is);
  });
});

describe('what is in force', () => {
  const yes = (condition: string) =>
    Promise.resolve(condition === 'yes' ? true : condition === 'no' ? false : undefined);
  const inForce = async (lines: string[], environment: NodeJS.ProcessEnv = {}) => {
    const { model } = await effectiveConfig(parseConfig(lines.join('\n')), environment, yes);
    expect(model.text.split('\n')).toHaveLength(lines.length);
    return model.text.split('\n').filter((line) => line !== '');
  };

  it('takes the first part of a conditional block that holds, and leaves out what it does not know', async () => {
    const chain = ['.if no # c', 'a', '.elif yes', 'b', '.elif yes', 'c', '.else', 'd', '.endif', 'e'];
    expect(await inForce(chain)).toEqual(['b', 'e']);
    expect(await inForce(['.if no', '.if yes', 'a', '.endif', '.else', 'b', '.endif'])).toEqual(['b']);
    expect(await inForce(['.if who', 'a', '.else', 'b', '.endif', 'c'])).toEqual(['c']);
  });

  it('puts in variables, also those that the configuration sets', async () => {
    const lines = [
      'global',
      '  setenv A 1',
      '  presetenv A 2',
      '  presetenv B 3',
      '  unsetenv C',
      'frontend f',
      '  bind ":$A$B${C-4}$D"',
    ];
    expect((await inForce(lines, { C: 'x', D: 'y' })).at(-1)).toBe('  bind ":134y"');
  });

  it.each([
    ['"$A"', '"a \\"b\\\\"'],
    ['\'$A\' $A # "$A"', '\'$A\' $A # "$A"'],
    ['"\\$A"', '"\\$A"'],
    ['"${NONE}"', '""'],
    ['"${A[*]}"', undefined],
    ['"${.LINE}"', undefined],
  ])('reads %s', (text, read) => {
    expect(withVariables(text, { A: 'a "b\\' })).toBe(read);
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

  it('finds the binds and where they stand, but not those of a proxy that is disabled', () => {
    const more = parseConfig(`${config.text}frontend off
  disabled
  bind :81
peers p
  bind :82 v6only interface lo ssl crt /x
global
  stats socket /run/s.sock mode 600 level admin
`);
    expect(bindsOf(more).map((bind) => [bind.address, placeOf(more, bind), bind.options.join(' ')])).toEqual([
      [':80', 'haproxy.cfg:4: frontend f', ''],
      ['*:443', 'haproxy.cfg:5: frontend f', ''],
      ['127.0.0.1:9', 'haproxy.cfg:8: listen l', ''],
      [':82', 'haproxy.cfg:16: peers p', 'v6only interface lo'],
      ['/run/s.sock', 'haproxy.cfg:18: global', 'mode 600'],
    ]);
  });

  it('counts file descriptors', () => {
    expect(fdDemandOf(config)).toEqual({ maxconn: 1000, ulimit: undefined, listeners: 3, checkedServers: 2 });
    expect(fdsNeeded(fdDemandOf(config))).toBe(2_015);
    expect(fdsNeeded(fdDemandOf(parseConfig('global\n  maxconn 9\n  ulimit-n 4000\n')))).toBe(4_000);
    expect(fdsNeeded(fdDemandOf(parseConfig('frontend f\n  bind :80\n')))).toBe(0);
  });
});
