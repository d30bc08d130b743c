import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { defaultsOf, serversOf } from '../../src/model/proxy.ts';
import { parseServerAddress } from '../../src/model/server.ts';

const servers = (text: string, name = 'b') => {
  const model = parseConfig(text);
  const section = model.sections.find((candidate) => candidate.kind === 'backend' && candidate.name === name)!;
  return serversOf(section, defaultsOf(model, section)).map((server) => [
    server.name,
    Object.fromEntries(server.options),
    server.unreadable,
  ]);
};

describe('parseServerAddress', () => {
  it.each([
    ['10.0.0.1:80', { family: 4, ip: '10.0.0.1', port: 80 }],
    ['[2001:db8::1]:8080', { family: 6, ip: '2001:db8::1', port: 8080 }],
    ['ipv4@10.0.0.1:80', { family: 4, ip: '10.0.0.1', port: 80 }],
    ['ipv6@[2001:db8::1]:80', { family: 6, ip: '2001:db8::1', port: 80 }],
    ['2001:db8::1:8080', { family: 6, ip: '2001:db8::1', port: 8080 }],
  ])('reads %s', (text, address) => {
    expect(parseServerAddress(text)).toEqual(address);
  });

  it.each([
    'web:80',
    '10.0.0.1',
    '10.0.0.1:',
    '10.0.0.1:0',
    '10.0.0.1:70000',
    '10.0.0.1:+1',
    '010.0.0.1:80',
    '0.0.0.0:80',
    'ipv6@10.0.0.1:80',
    'unix@10.0.0.1:80',
    '/run/x.sock',
    '::1',
    ':80',
    '10.0.0.1:080',
  ])('leaves %s to HAProxy', (text) => {
    expect(parseServerAddress(text)).toBeUndefined();
  });
});

describe('serversOf', () => {
  it('puts the words of default-server under those of the server, from where it stands on', () => {
    expect(
      servers(
        'defaults\n default-server inter 1s check\nbackend b\n server a 1.1.1.1:1\n default-server fall 5 inter 2s\n server c 1.1.1.1:2 no-check inter 3s weight 4\n',
      ),
    ).toEqual([
      ['a', { inter: ['1s'], check: [] }, undefined],
      ['c', { fall: ['5'], inter: ['3s'], weight: ['4'] }, undefined],
    ]);
  });

  it('follows the defaults a backend stands under or names', () => {
    const text =
      'defaults one\n default-server weight 1\ndefaults two from one\n default-server maxconn 2\nbackend b\n server a 1.1.1.1:1\nbackend c from one\n server a 1.1.1.1:1\n';
    expect(servers(text, 'b')).toEqual([['a', { weight: ['1'], maxconn: ['2'] }, undefined]]);
    expect(servers(text, 'c')).toEqual([['a', { weight: ['1'] }, undefined]]);
  });

  it('says why a line cannot be read', () => {
    expect(
      servers('backend b\n server a 1.1.1.1:1 frobnicate 7\n server c "$IP:80"\n').map(([, , why]) => why),
    ).toEqual(['"frobnicate" is not a server keyword known here', 'it uses the environment of the HAProxy process']);
  });
});
