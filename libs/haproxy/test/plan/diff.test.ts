import { describe, expect, it } from 'vitest';
import { capabilities } from '../../src/plan/capabilities.ts';
import { planCommands } from '../../src/plan/commands.ts';
import { diff } from '../../src/plan/diff.ts';
import type { LeavingServer, Plan } from '../../src/plan/operation.ts';
import { release } from '../live/release-folder.ts';

const head = `global
  daemon
defaults
  mode http
frontend f
  bind :80
  default_backend web
`;
const web = (...lines: string[]) => `${head}backend web\n${lines.map((line) => `  ${line}\n`).join('')}`;
const plan = (before: string, after: string, version = '2.6.12', leaving?: LeavingServer): Plan => {
  const running = release('/r', before);
  return diff(running, release('/r', after, {}, running), capabilities(version), { get: () => leaving });
};
const commands = (before: string, after: string, version?: string) => {
  const found = plan(before, after, version);
  return found.kind === 'runtime' ? planCommands(found) : found;
};
const why = (before: string, after: string, version?: string) => {
  const found = plan(before, after, version);
  return found.kind === 'reload' ? `${found.reason.line}: ${found.reason.text} | ${found.reason.why}` : found.kind;
};

describe('diff of servers', () => {
  it('does nothing for comments, blanks, quoting and the order of servers', () => {
    const before = web('balance roundrobin', 'server a 1.1.1.1:1 check', 'server b 1.1.1.2:1');
    const after = `# new\n${web('balance  "roundrobin" # why', '', 'server b 1.1.1.2:1', "server a 1.1.1.1:1 'check'")}`;
    expect(plan(before, after)).toEqual({ kind: 'none' });
  });

  it('takes an address with its family for what it is', () => {
    expect(plan(web('server a ipv4@1.1.1.1:80'), web('server a 1.1.1.1:80'))).toEqual({ kind: 'none' });
    expect(commands(web('server a ipv4@1.1.1.1:80'), web('server a ipv4@1.1.1.2:80'))).toEqual([
      'set server web/a addr 1.1.1.2 port 80',
    ]);
    expect(commands(web('server a ipv6@[::1]:80'), web('server a ipv6@[::2]:80'))).toEqual([
      'set server web/a addr ::2 port 80',
    ]);
  });

  it('does nothing for the servers of a disabled backend, unless something counts them', () => {
    const before = web('disabled', 'server a 1.1.1.1:80', 'server b 1.1.1.1:81');
    const after = web('disabled', 'server a 1.1.1.2:80 check', 'server c 1.1.1.3:80');
    expect(plan(before, after)).toEqual({ kind: 'none' });
    const counts = (text: string) => `${text}frontend g\n  acl up nbsrv(web) gt 0\n`;
    expect(plan(counts(before), counts(after)).kind).toBe('reload');
    const inherited = (text: string) =>
      text.replace('  disabled\n', '').replace('  mode http', '  mode http\n  disabled');
    expect(plan(inherited(before), inherited(after))).toEqual({ kind: 'none' });
    const enabled = (text: string) => inherited(text).replace('\nbackend web\n', '\nbackend web\n  enabled\n');
    expect(plan(enabled(before), enabled(after)).kind).toBe('reload');
  });

  it('spells out default-server for a server it adds, and starts its checks', () => {
    expect(
      commands(
        web('default-server check inter 2s init-addr none'),
        web('default-server check inter 2s init-addr none', 'server a 1.1.1.1:80 weight 5 resolvers x'),
      ),
    ).toEqual([
      'add server web/a 1.1.1.1:80 weight 5 check inter 2s pool-max-conn -1 pool-purge-delay 5s',
      'enable health web/a',
      'set server web/a state ready',
    ]);
  });

  it('keeps the pool settings of the user, leaves a disabled server in maintenance, escapes words', () => {
    expect(commands(web(), web('server a [::1]:80 disabled pool-max-conn 3 sni str(a\\ b\\;c)'))).toEqual([
      // HAProxy knows no escape of a semicolon: the backslash before it is a character of the word.
      'add server web/a [::1]:80 pool-max-conn 3 sni str(a\\ b\\\\\\;c) pool-purge-delay 5s',
    ]);
  });

  it('says what a server of the file has by itself when it watches the traffic', () => {
    expect(commands(web(), web('server a 1.1.1.1:80 check observe layer7 error-limit 3'))).toEqual([
      'add server web/a 1.1.1.1:80 check observe layer7 error-limit 3 pool-max-conn -1 pool-purge-delay 5s on-error fail-check',
      'enable health web/a',
      'set server web/a state ready',
    ]);
  });

  it('gives a server its cookie where cookies are made of addresses', () => {
    const cookies = ['cookie S insert dynamic', 'dynamic-cookie-key k'];
    expect(commands(web(...cookies), web(...cookies, 'server a 1.1.1.1:80'))).toEqual([
      'add server web/a 1.1.1.1:80 pool-max-conn -1 pool-purge-delay 5s',
      'enable dynamic-cookie backend web',
      'set server web/a state ready',
    ]);
  });

  it('pauses the checks of a server that is added disabled', () => {
    expect(commands(web(), web('server a 1.1.1.1:80 disabled check'))).toEqual([
      'add server web/a 1.1.1.1:80 check pool-max-conn -1 pool-purge-delay 5s',
      'enable health web/a',
      'set server web/a state drain',
      'set server web/a state maint',
    ]);
  });

  it.each(['proto h2', 'ssl verify none alpn h2,http/1.1'])(
    'adds a server with %s at once and reloads, since it would reuse no connection',
    (options) => {
      const change = [web('server old 1.1.1.2:80'), web(`server a 1.1.1.1:80 ${options}`)] as const;
      const found = plan(...change);
      expect(found).toMatchObject({ kind: 'reload', reason: { why: expect.stringContaining('for each request') } });
      expect(planCommands(found)).toEqual([
        `add server web/a 1.1.1.1:80 ${options} pool-max-conn -1 pool-purge-delay 5s`,
        'set server web/a state ready',
        'set server web/old state drain',
        'set server web/old state maint',
        'del server web/old',
      ]);
      expect(plan(...change, '3.0.0').kind).toBe('runtime');
    },
  );

  it('adds with weight 0 where servers are hashed, so that each gets its own place', () => {
    expect(commands(web('balance random(2)'), web('balance random(2)', 'server a 1.1.1.1:80'))).toEqual([
      'add server web/a 1.1.1.1:80 weight 0 pool-max-conn -1 pool-purge-delay 5s',
      'set server web/a weight 1',
      'set server web/a state ready',
    ]);
  });

  it('adds before it changes before it removes', () => {
    expect(
      commands(
        web('server a 1.1.1.1:80', 'server b 1.1.1.2:80 weight 2'),
        web('server b 1.1.1.9:81 weight 3', 'server c 1.1.1.3:80'),
      ),
    ).toEqual([
      'add server web/c 1.1.1.3:80 pool-max-conn -1 pool-purge-delay 5s',
      'set server web/c state ready',
      'set server web/b addr 1.1.1.9 port 81',
      'set server web/b weight 3',
      'set server web/a state drain',
      'set server web/a state maint',
      'del server web/a',
    ]);
  });

  it('changes maxconn and the state of a server in place', () => {
    expect(commands(web('server a 1.1.1.1:80 maxconn 5 disabled'), web('server a 1.1.1.1:80 maxconn 9'))).toEqual([
      'set maxconn server web/a 9',
      'set server web/a state ready',
    ]);
  });

  it('puts a server that leaves into maintenance where cookies would still lead to it', () => {
    expect(
      commands(web('cookie S insert', 'server a 1.1.1.1:80 agent-check agent-port 1'), web('cookie S insert')),
    ).toEqual([
      'set server web/a state maint',
      'disable agent web/a',
      'set server web/a state maint',
      'del server web/a',
    ]);
  });

  it.each([
    ['a name to resolve', 'server a web.example:80', 'the address "web.example:80" is no literal address'],
    ['no port', 'server a 1.1.1.1', 'is no literal address'],
    ['a cookie', 'server a 1.1.1.1:80 cookie a', 'takes no "cookie" for a server added at runtime'],
    ['an unknown keyword', 'server a 1.1.1.1:80 future 7', '"future" is not a server keyword known here'],
    ['the environment', 'server a "$IP:80"', 'the environment of the HAProxy process'],
    ['a quote in a word', 'server a 1.1.1.1:80 sni str(\\"x\\")', 'characters that a command cannot carry'],
    ['track', 'server a 1.1.1.1:80 track b', 'takes no "track"'],
  ])('names the line of a new server with %s', (_, line, reason) => {
    const found = why(web('server b 1.1.1.2:80'), web(line, 'server b 1.1.1.2:80'));
    expect(found).toContain(`9: ${line} | `);
    expect(found).toContain(reason);
  });

  it.each([
    ['balance static-rr', 'balance static-rr is static'],
    ['balance first', 'takes servers by their place in the file'],
    ['balance source', 'without "hash-type consistent" is static'],
    ['mode log', 'servers of mode log'],
  ])('adds no server under %s', (line, reason) => {
    expect(why(web(line), web(line, 'server a 1.1.1.1:80'))).toContain(reason);
  });

  it('takes the balance from the defaults it stands under', () => {
    const under = (lines: string) => `defaults\n  balance source\n${lines}backend web\n`;
    expect(why(under(''), `${under('')}  server a 1.1.1.1:80\n`)).toContain('static');
    expect(why(under('  hash-type consistent\n'), `${under('  hash-type consistent\n')}  server a 1.1.1.1:80\n`)).toBe(
      'runtime',
    );
  });

  it('reloads for another address of a server that hashing may place by it', () => {
    const keyed = (ip: string) => web('balance hash src', 'hash-type consistent', `server a ${ip}:1 hash-key addr`);
    expect(why(keyed('1.1.1.1'), keyed('1.1.1.2'), '3.0.11')).toContain('its address changed beside a hash-key');
  });

  it.each(['balance hash src', 'stick on src', 'http-response set-header x %[srv_id]'])(
    'gives added servers the ids of a start, and reloads where one that stays would get another, beside %j',
    (line) => {
      const lines = (...names: string[]) =>
        web('hash-type consistent', line, ...names.map((name) => `server ${name} 1.1.1.1:1`));
      expect(commands(lines('a', 'b'), lines('a', 'b', 'c'))).toContainEqual(
        expect.stringContaining('add server web/c 1.1.1.1:1 '),
      );
      expect(commands(lines('a', 'b'), lines('a', 'b', 'c'))).toContainEqual(expect.stringContaining(' id 3 '));
      expect(why(lines('a', 'b'), lines('c', 'a', 'b'))).toContain('c gets the id 1 at a start');
      expect(why(lines('a', 'b'), lines('b'))).toContain('b gets the id 1 at a start');
      expect(why(lines('a', 'b'), lines('b', 'a'))).toContain('b gets the id 1 at a start');
      expect(plan(lines('a', 'b'), lines('a')).kind).toBe('runtime');
      // Pods come and go at once all the same.
      expect(
        plan(lines('a', 'b'), lines('b', 'c')).kind === 'reload' && plan(lines('a', 'b'), lines('b', 'c')),
      ).toMatchObject({
        operations: [
          { kind: 'add-server', server: 'c' },
          { kind: 'remove-server', server: 'a' },
        ],
      });
    },
  );

  it('reloads for another order of servers where hashing goes by it', () => {
    const lines = (...names: string[]) => web('balance source', ...names.map((name) => `server ${name} 1.1.1.1:1`));
    expect(why(lines('a', 'b'), lines('b', 'a'))).toContain('the order of the servers changed');
    expect(plan(lines('a', 'b', 'c'), lines('a', 'c')).kind).toBe('runtime');
  });

  it('reloads for options of a server that runs', () => {
    expect(why(web('server a 1.1.1.1:80'), web('server a 1.1.1.1:80 check'))).toBe(
      '9: server a 1.1.1.1:80 check | the options of server a changed, which cannot be done at runtime',
    );
  });

  it('removes nothing from a backend that waits for a reload, but does the rest', () => {
    const before = web('server a 1.1.1.1:80', 'backend other', 'server x 1.1.1.1:1');
    const after = web('server b web.example:80', 'server c 1.1.1.3:80', 'backend other', 'server y 1.1.1.1:1');
    const found = plan(before, after);
    expect(found.kind === 'reload' && planCommands(found).filter((command) => !command.includes('ready'))).toEqual([
      'add server web/c 1.1.1.3:80 pool-max-conn -1 pool-purge-delay 5s',
      'add server other/y 1.1.1.1:1 pool-max-conn -1 pool-purge-delay 5s',
      'set server other/x state drain',
      'set server other/x state maint',
      'del server other/x',
    ]);
  });

  it('takes back a server that still ends its connections', () => {
    const left: LeavingServer = {
      backend: 'web',
      server: 'a',
      address: { family: 4, ip: '1.1.1.1', port: 80 },
      weight: 1,
      options: '',
      agentCheck: false,
    };
    const found = plan(web(), web('server a 1.1.1.2:80 weight 3'), '2.6.12', left);
    expect(found.kind === 'runtime' && planCommands(found)).toEqual([
      'set server web/a addr 1.1.1.2 port 80',
      'set server web/a weight 3',
      'set server web/a state ready',
    ]);
    const watched = plan(web(), web('server a 1.1.1.1:80 agent-check'), '2.6.12', {
      ...left,
      options: 'agent-check',
      agentCheck: true,
    });
    expect(planCommands(watched)).toEqual(['enable agent web/a', 'set server web/a state ready']);
    const other = plan(web(), web('server a 1.1.1.1:80 check'), '2.6.12', left);
    expect(other).toMatchObject({ kind: 'reload', reason: { why: expect.stringContaining('with other options') } });
  });
});

describe('diff by version', () => {
  const checked = [web(), web('server a 1.1.1.1:80 check')] as const;
  const removed = [web('server a 1.1.1.1:80'), web()] as const;

  it.each([
    ['2.2.9', 'HAProxy 2.2.9 adds no servers', 'HAProxy 2.2.9 deletes no servers'],
    ['2.4.22', 'HAProxy 2.4.22 takes no "check"', 'HAProxy 2.4.22 deletes no servers'],
    ['2.5.0', 'runtime', 'runtime'],
    ['2.6.12-1+deb12u4', 'runtime', 'runtime'],
    ['3.2.1', 'runtime', 'runtime'],
    ['something else', 'adds no servers', 'deletes no servers'],
  ])('of HAProxy %s', (version, add, remove) => {
    expect(why(...checked, version)).toContain(add);
    expect(why(...removed, version)).toContain(remove);
  });

  it('takes a cookie from 3.0 on and init-state from 3.1 on', () => {
    const cookie = [web(), web('server a 1.1.1.1:80 cookie a')] as const;
    expect([why(...cookie, '2.9.1').includes('"cookie"'), why(...cookie, '3.0.0')]).toEqual([true, 'runtime']);
    const state = [web(), web('server a 1.1.1.1:80 init-state down')] as const;
    expect([why(...state, '3.0.9').includes('"init-state"'), why(...state, '3.1.0')]).toEqual([true, 'runtime']);
  });
});

describe('diff of everything else in the configuration', () => {
  it.each([
    ['a new bind', head, head.replace('  bind :80\n', '  bind :80\n  bind :81\n'), '7: bind :81 | this line is new'],
    ['a changed rule', head, head.replace('web', 'other'), '7: default_backend other | this line changed'],
    ['a line that is gone', head, head.replace('  daemon\n', ''), '2: daemon | this line is gone'],
    ['a new backend', head, `${head}backend b\n`, '8: backend b | this section is new'],
    ['a backend that is gone', `${head}backend b\n`, head, '8: backend b | this section is gone'],
    [
      'default-server',
      web('default-server inter 1s'),
      web('default-server inter 2s'),
      '9: default-server inter 2s | this line changed',
    ],
    ['balance', web('balance roundrobin'), web('balance leastconn'), '9: balance leastconn | this line changed'],
    [
      'a server of a peers section',
      `${head}peers p\n  server a 1.1.1.1:1\n`,
      `${head}peers p\n  server a 1.1.1.2:1\n`,
      '9: server a 1.1.1.2:1 | this line changed',
    ],
    [
      'the other defaults',
      web('server a 1.1.1.1:1'),
      web('server a 1.1.1.1:1').replace('backend web', 'backend web from x').replace('defaults\n', 'defaults x\n'),
      '3: defaults x | ',
    ],
  ])('names the line: %s', (_, before, after, reason) => {
    expect(why(before, after)).toContain(reason);
  });

  it('reloads when a backend comes to stand under another defaults section', () => {
    const sections = ['defaults one\n', 'defaults two\n', 'backend a\n', 'backend b\n'];
    const order = (...at: number[]) => at.map((index) => sections[index]).join('');
    expect(why(order(0, 2, 1, 3), order(0, 1, 2, 3))).toContain('backend a | it stands under another defaults section');
    expect(why(order(0, 1, 2, 3), order(0, 1, 3, 2))).toBe('none');
  });

  it('reloads for any change beside conditional blocks', () => {
    const odd = `.if defined(X)\n${web('server a 1.1.1.1:1')}.endif\n`;
    expect(why(odd, odd.replace('1.1.1.1', '1.1.1.2'))).toContain('1: .if defined(X) | with conditional blocks');
  });

  it.each([
    [
      'an escape that is none outside of quotes',
      'http-request deny if { path_reg ^/price$ }',
      'http-request deny if { path_reg ^/price\\$ }',
    ],
    ['a byte that is no character', 'http-request deny if { path \u00e9 }', 'http-request deny if { path \\xe9 }'],
    ['a byte that ends a word', 'http-request deny if { path a b }', 'http-request deny if { path a\\x00b }'],
    [
      'a blank that is none for HAProxy',
      'http-request deny if { path "$A" }',
      'http-request deny if { path "$A" }\u00a0',
    ],
  ])('reloads for %s', (_, before, after) => {
    expect(why(web(before), web(after))).toContain('this line changed');
  });

  it('reloads when lines come to stand behind another setting of the environment', () => {
    const sections = ['global\n  setenv A 1\n', 'backend a\n', 'global\n  setenv A 2\n', 'backend b\n'];
    const order = (...at: number[]) => at.map((index) => sections[index]).join('');
    expect(why(order(0, 1, 2, 3), order(0, 2, 1, 3))).toContain('another order');
  });

  it.each(['http-request return string "${.LINE}"', '\vserver b 1.1.1.1:1', '[scope]', 'a\rb'])(
    'reloads for any change beside %j',
    (line) => {
      expect(why(web(line), web(line, 'server a 1.1.1.1:1'))).toMatch(/^\d+: /);
    },
  );

  it('reloads for any change beside a name from the environment', () => {
    const odd = `${web('server a 1.1.1.1:1')}backend "$X"\n`;
    expect(why(odd, odd.replace('1.1.1.1', '1.1.1.2'))).toContain('10: backend "$X" | ');
  });

  it('shows no password in the reason', () => {
    const text = (password: string) => `${head}userlist u\n  user joe insecure-password ${password}\n`;
    expect(why(text('old-secret'), text('new-secret'))).toBe('9: user joe insecure-password *** | this line changed');
  });
});
