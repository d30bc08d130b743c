import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../src/model/config.ts';
import { withServersOf } from '../../src/plan/with-servers.ts';

const merged = (config: string, other: string) => withServersOf(parseConfig(config), parseConfig(other));

describe('withServersOf', () => {
  it('takes the servers and leaves everything else', () => {
    const config =
      'frontend f\n  bind :80\nbackend a\n  balance roundrobin\n  server x 1.1.1.1:1\n\nbackend b\n  server y 1.1.1.1:2\n';
    const other =
      'frontend f\n  bind :81\nbackend b\n  server y 1.1.1.2:2\n  server z 1.1.1.3:2\nbackend c\n  server n 1.1.1.9:1\nbackend a\n  balance leastconn\n  timeout server 3s\n  server w 1.1.1.4:1\n';
    expect(merged(config, other)).toBe(
      'frontend f\n  bind :80\nbackend a\n  balance roundrobin\n  server w 1.1.1.4:1\n\nbackend b\n  server y 1.1.1.2:2\n  server z 1.1.1.3:2\n',
    );
  });

  it('puts the first servers of a backend behind its rules, and lets it have none', () => {
    const empty = 'backend a\n  balance roundrobin\n\n# end\nbackend b\n';
    const full = 'backend a\n  balance first\n  server x 1.1.1.1:1\nbackend b\n';
    expect(merged(empty, full)).toBe('backend a\n  balance roundrobin\n  server x 1.1.1.1:1\n\n# end\nbackend b\n');
    expect(merged(full, empty)).toBe('backend a\n  balance first\nbackend b\n');
  });

  it('gives back the other text where only servers differ, a last line without its end included', () => {
    const one = 'backend a\n  server x 1.1.1.1:1';
    const two = 'backend a\n  server x 1.1.1.2:1\n  server y 1.1.1.3:1';
    expect(merged(one, two)).toBe(two);
    expect(merged('backend a\n  balance first\n  server x 1.1.1.1:1', two)).toBe(
      'backend a\n  balance first\n  server x 1.1.1.2:1\n  server y 1.1.1.3:1\n',
    );
  });

  it('keeps lines apart when the other text ends without an end of line', () => {
    const config = 'backend a\n  server x 1.1.1.1:1\nbackend b\n  server y 1.1.1.1:1\n';
    expect(merged(config, 'backend a\n  server x 1.1.1.2:1')).toBe(config.replace('x 1.1.1.1', 'x 1.1.1.2'));
  });

  it.each([
    ['other default-server lines', 'backend a\n  default-server check\n  balance first\n  server y 1.1.1.2:1\n'],
    [
      'default-server lines in between',
      'backend a\n  server z 1.1.1.2:1\n  default-server check\n  server y 1.1.1.2:1\n',
    ],
    ['a server-template', 'backend a\n  server-template t 3 1.1.1.1:1\n  server y 1.1.1.2:1\n'],
    ['conditions', 'backend a\n  balance first\n.if 1\n  server y 1.1.1.2:1\n.endif\n'],
    ['two of one name', 'backend a\n  server y 1.1.1.2:1\nbackend a\n  server z 1.1.1.2:1\n'],
    ['none', 'backend other\n  server y 1.1.1.2:1\n'],
  ])('leaves a backend as it is for %s', (_, other) => {
    const config = 'backend a\n  balance roundrobin\n  server x 1.1.1.1:1\n';
    expect(merged(config, other)).toBe(config);
  });
});
