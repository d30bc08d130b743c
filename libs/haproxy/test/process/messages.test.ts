import { describe, expect, it } from 'vitest';
import { isRefusal, readMessages, warningsOf, wordsOf } from '../../src/process/messages.ts';

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

describe('what is a refusal', () => {
  it.each([
    ['a line', output],
    ['only that something was wrong', '[ALERT]    (1) : config : Fatal errors found in configuration.\n'],
    [
      'a bind, of 2.6',
      `[ALERT]    (7) : Binding [/d/haproxy.cfg:9] for frontend f: cannot bind socket (Cannot assign requested address) for [10.9.9.9:80]
[ALERT]    (7) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.
`,
    ],
    [
      'a folder, by a worker of 2.6 that ends with it',
      `[ALERT]    (8) : [haproxy.main()] Cannot chroot(/none).
[WARNING]  (7) : Current worker (8) exited with code 1 (Exit)
[ALERT]    (7) : exit-on-failure: killing every processes with SIGTERM
`,
    ],
    [
      'a line, by a worker of 3.2',
      `[ALERT]    (8) : config : parsing [/d/haproxy.cfg:10] : unknown keyword 'x' in 'global' section
[WARNING]  (7) : Failed to load worker (8) exited with code 1 (Exit)
`,
    ],
  ])('%s', (_, text) => {
    expect(isRefusal(text)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    [
      'a worker that was killed, of 2.6',
      `[NOTICE]   (7) : New worker (8) forked
[ALERT]    (7) : Current worker (8) exited with code 137 (Killed)
[ALERT]    (7) : exit-on-failure: killing every processes with SIGTERM
[WARNING]  (7) : All workers exited. Exiting... (137)
`,
    ],
    ['one of 2.4', '[ALERT] 123/201530 (7) : Current worker #1 (8) exited with code 139 (Segmentation fault)\n'],
    [
      'a worker of 3.5 that was killed after it had complained and gone on',
      `[ALERT]    (8) : config : parsing [/d/haproxy.cfg:3] : 'maxconn' already specified. Continuing.
[WARNING]  (7) : Failed to load worker (8) exited with code 137 (Killed)
`,
    ],
    ['no process', '[ALERT]    (7) : [haproxy.main()] Cannot fork.\n'],
    [
      'no memory',
      `[ALERT]    (7) : config : parsing [/d/haproxy.cfg:3] : out of memory.
[ALERT]    (7) : config : Fatal errors found in configuration.
`,
    ],
  ])('not %s', (_, text) => {
    expect(isRefusal(text)).toBe(false);
  });
});
