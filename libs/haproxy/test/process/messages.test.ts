import { describe, expect, it } from 'vitest';
import { readMessages, warningsOf, wordsOf } from '../../src/process/messages.ts';

const output = `[NOTICE]   (1) : haproxy version is 2.6.12-1+deb12u4
[NOTICE]   (1) : path to executable is /usr/sbin/haproxy
[WARNING]  (1) : config : parsing [/d/haproxy.cfg:9] : something odd
[ALERT]    (1) : config : parsing [/d/haproxy.cfg:10]: unmatched quote at position 18:
  stats auth joe:"secret pass
                 ^
[ALERT]    (1) : config : Error(s) found in configuration file : /d/haproxy.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
`;

describe('what HAProxy prints', () => {
  it('reads heads and continuation lines', () => {
    expect(readMessages(output).map(({ severity }) => severity)).toEqual([
      'notice',
      'notice',
      'warning',
      'alert',
      'alert',
      'alert',
    ]);
  });

  it('keeps what was wrong and leaves out what only says that something was', () => {
    expect(wordsOf(output, ['/d'])).toBe(
      'parsing [haproxy.cfg:10]: unmatched quote at position 18:\n  stats auth joe:"secret pass\n                 ^',
    );
    expect(warningsOf(output, ['/d'])).toEqual(['parsing [haproxy.cfg:9] : something odd']);
  });

  it('reads the older head with a date', () => {
    expect(wordsOf('[ALERT] 123/201530 (77) : Starting frontend f: cannot bind socket [0.0.0.0:80]')).toBe(
      'Starting frontend f: cannot bind socket [0.0.0.0:80]',
    );
  });

  it('gives everything when there is no alert', () => {
    expect(wordsOf('haproxy: symbol lookup error\n')).toBe('haproxy: symbol lookup error');
  });
});
