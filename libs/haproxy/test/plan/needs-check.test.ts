import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { Line } from '../../src/model/line.ts';
import { needsCheck, reducedShape } from '../../src/plan/needs-check.ts';

const text = (...lines: string[]) =>
  `frontend f\n  bind :80\n  use_backend web if { srv_is_up(web/seen) }\nbackend web\n${lines.map((line) => `  ${line}\n`).join('')}backend b\n  server s 1.1.1.1:1\n`;
const needs = (before: string[], after: string[]) =>
  needsCheck(parseConfig(text(...before)), parseConfig(text(...after)));
const base = [
  'default-server inter 1s',
  'server a 1.1.1.1:80 check weight 5 cookie a',
  'server seen 1.1.1.2:80 check weight 5 cookie x',
];

describe('needsCheck', () => {
  it.each([
    ['nothing', base],
    ['a server of a known shape', [...base, 'server new 9.9.9.9:1 check weight 256 cookie new']],
    ['another address, weight and cookie', [base[0]!, 'server a 8.8.8.8:81 check weight 0 cookie z', base[2]!]],
    ['another order', [base[0]!, base[2]!, base[1]!]],
    ['a server that goes', [base[0]!, base[2]!]],
    ['a comment', [...base, '# more']],
  ])('no: %s', (_, after) => {
    expect(needs(base, after)).toBe(false);
  });

  it.each([
    ['another word', [...base, 'server new 9.9.9.9:1 check weight 5 cookie n backup']],
    ['fewer words', [...base, 'server new 9.9.9.9:1 check']],
    ['another family of addresses', [...base, 'server new [::1]:1 check weight 5 cookie n']],
    ['a name to resolve', [...base, 'server new web:1 check weight 5 cookie n']],
    ['a port out of range', [...base, 'server new 9.9.9.9:65536 check weight 5 cookie n']],
    ['an odd name', [...base, 'server n/w 9.9.9.9:1 check weight 5 cookie n']],
    ['a name that is taken', [...base, 'server a 9.9.9.9:1 check weight 5 cookie n']],
    ['a weight out of range', [...base, 'server new 9.9.9.9:1 check weight 257 cookie n']],
    ['an odd cookie', [...base, 'server new 9.9.9.9:1 check weight 5 cookie n;']],
    ['a comment in the line that hides nothing', [...base, 'server new 9.9.9.9:1 check weight 5 cookie "$X"']],
    ['a control character in a comment', [...base, '# \0']],
    ['another rule', [...base, 'option httpchk']],
    ['another default-server', ['default-server inter 2s', ...base.slice(1)]],
    ['a server that a rule elsewhere names', base.slice(0, 2)],
  ])('yes: %s', (_, after) => {
    expect(needs(base, after)).toBe(true);
  });

  it('yes for the first server of a backend, and for a shape that only stands under another default-server', () => {
    expect(needs([], ['server a 1.1.1.1:1'])).toBe(true);
    const split = ['server a 1.1.1.1:1', 'default-server ssl', 'server b 1.1.1.1:2 check'];
    expect(needs(split, [...split, 'server c 1.1.1.1:3'])).toBe(true);
    expect(needs(split, ['server c 1.1.1.1:3', ...split])).toBe(false);
  });

  it('yes for a server that use-server or track names, and for an id that is taken', () => {
    const used = ['use-server a if { src 1.1.1.1 }', 'server a 1.1.1.1:1'];
    expect(needs(used, [...used, 'server b 1.1.1.1:2'])).toBe(true);
    const tracked = ['server a 1.1.1.1:1 check', 'server b 1.1.1.1:1 track a'];
    expect(needs(tracked, [tracked[1]!])).toBe(true);
    const ids = ['server a 1.1.1.1:1 id 5'];
    expect([
      needs(ids, [...ids, 'server b 1.1.1.1:2 id 05']),
      needs(ids, [...ids, 'server b 1.1.1.1:2 id 5']),
      needs(ids, [...ids, 'server b 1.1.1.1:2 id 6']),
    ]).toEqual([true, true, false]);
  });

  it('yes for a guid, which no two servers may have', () => {
    const one = ['server a 1.1.1.1:1 guid x'];
    expect(needs(one, [...one, 'server b 1.1.1.1:2 guid x'])).toBe(true);
  });

  it('yes for a last line without an end', () => {
    const config = parseConfig(text(...base));
    expect(needsCheck(config, parseConfig(config.text.replace(':1\n', ':2')))).toBe(true);
    expect(needsCheck(config, parseConfig(config.text.slice(0, -1)))).toBe(true);
  });

  it('yes for sections that come, go or are no backends', () => {
    const config = parseConfig(text(...base));
    for (const after of [
      `${config.text}backend c\n`,
      config.text.replace(':80\n', ':81\n'),
      config.text.replace('backend b\n  server s 1.1.1.1:1\n', ''),
      `.if 1\n${config.text}`,
    ])
      expect(needsCheck(config, parseConfig(after))).toBe(true);
  });
});

describe('reducedShape', () => {
  it('leaves out what may differ', () => {
    const shape = (line: string) => reducedShape(new Line(line));
    expect(shape('server a 1.1.1.1:80 check weight 3 id 7\n')).toBe(
      shape('  server b  2.2.2.2:8 check weight 9 id 8 # x'),
    );
    expect(shape('server a 1.1.1.1:80 check')).not.toBe(shape('server a 1.1.1.1:80'));
    expect(shape('server a 1.1.1.1:80 weight x')).toBeUndefined();
  });
});
