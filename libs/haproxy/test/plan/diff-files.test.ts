import { beforeAll, describe, expect, it } from 'vitest';
import { certificate } from '@flotilla/testkit';
import { capabilities } from '../../src/plan/capabilities.ts';
import { planCommands } from '../../src/plan/commands.ts';
import { diff } from '../../src/plan/diff.ts';
import type { Plan } from '../../src/plan/operation.ts';
import { release } from '../live/release-folder.ts';

const config = `global
  crt-base /r
frontend f
  bind :443 ssl crt /r/ssl/
  bind :444 ssl crt-list /r/list
  bind :445 ssl crt one.pem
  acl denied path -f /r/denied.lst
  use_backend %[hdr(host),map(/r/hosts.map)]
  errorfile 503 /r/503.http
`;
let pems: Record<string, string>;
beforeAll(async () => {
  const issue = async (cn: string, ...more: string[]) => {
    const { key, cert } = await certificate({ cn, san: [cn, ...more] });
    return key + cert;
  };
  pems = {
    a: await issue('a.test'),
    b: await issue('b.test'),
    b2: await issue('b.test'),
    c: await issue('c.test', 'b.test'),
    d: await issue('d.test'),
  };
});

type Files = Record<string, string>;
const plan = (before: Files, after: Files, version = '2.6.12', text = config): Plan => {
  const running = release('/r', text, before);
  return diff(running, release('/r', text, after, running), capabilities(version));
};
const outcome = (before: Files, after: Files, version?: string, text?: string) => {
  const found = plan(before, after, version, text);
  return found.kind === 'reload' ? `${found.reason.file}: ${found.reason.why}` : planCommands(found);
};

describe('a file that something may read', () => {
  const reads = (line: string, more: Files = {}, file = 'files/x.lst') => {
    const text = `global\n  ${line}\n${config}`;
    return outcome({ ...more, [file]: 'a' }, { ...more, [file]: 'b' }, '2.6.12', text);
  };

  it.each([
    'ca-base /r/files',
    'chroot /r',
    'setenv A "$B"',
    'user "${HAPROXY_USER-root}"',
    'log "$LOGS" local0',
    'description a.lst and x.lstx and ax.lst',
    'description /r/filesystem',
  ])('is nothing beside %j', (line) => {
    expect(reads(line)).toEqual([]);
  });

  it.each([
    'setenv A /r/files/x.lst',
    'setenv A /r/files',
    'setenv A /r//files/',
    'setenv A "it\'s in (/r/files)"',
    'server-state-file x.lst',
    'server-state-base files',
    'server-state-base ../r',
    'ssl-load-extra-files "$ANY"',
    'description "${ANY[*]}"',
    'tune.bufsize "$ANY"',
    'lua-load /elsewhere/a.lua',
  ])('is a reload beside %j', (line) => {
    expect(reads(line)).toMatch(/^(?:haproxy\.cfg|files\/x\.lst): /);
  });

  it('is what it is known for beside words of the environment that are no files', () => {
    const text = config.replace('/r/503.http', '/r/503.http\n  log "$LOGS" local0');
    expect(outcome({ 'denied.lst': 'a' }, { 'denied.lst': 'b' }, '2.6.12', text)).toHaveLength(3);
  });
});

describe('certificates of a directory', () => {
  const folder = (...names: string[]): Files =>
    Object.fromEntries(names.map((name) => [`ssl/${name.slice(0, 1)}.pem`, pems[name] ?? '']));

  it('are replaced, added and removed', () => {
    expect(outcome(folder('a', 'b'), folder('a', 'b2'))).toEqual([
      'set ssl cert /r/ssl/b.pem <<',
      'commit ssl cert /r/ssl/b.pem',
    ]);
    expect(outcome(folder('a', 'b'), folder('a', 'd'))).toEqual([
      'new ssl cert /r/ssl/d.pem',
      'set ssl cert /r/ssl/d.pem <<',
      'commit ssl cert /r/ssl/d.pem',
      'add ssl crt-list /r/ssl /r/ssl/d.pem',
      'del ssl crt-list /r/ssl /r/ssl/b.pem',
      'del ssl cert /r/ssl/b.pem',
    ]);
  });

  it('reload when one behind them answers the same name, and nothing of them is touched before', () => {
    const why = 'ssl/b.pem: /r/ssl/c.pem answers a name of it too and would be served from then on';
    expect(outcome(folder('a', 'b', 'c'), folder('a', 'b2', 'c'))).toBe(why);
    expect(outcome(folder('a', 'c'), folder('a', 'b', 'c'))).toBe(why);
    expect(planCommands(plan(folder('a', 'b', 'c'), folder('a', 'b2', 'c')))).toEqual([]);
    // The one that is last already stays last.
    expect(outcome(folder('a', 'b'), folder('a', 'b', 'c'))).toHaveLength(4);
  });

  it('reload for a new default certificate, unless unknown names are refused', () => {
    expect(outcome(folder('b'), folder('a', 'b'))).toContain('it becomes the default certificate of a bind');
    const strict = config.replace('crt /r/ssl/', 'crt /r/ssl/ strict-sni');
    expect(outcome(folder('b'), folder('a', 'b'), '2.6.12', strict)).toHaveLength(4);
  });

  it('reload when one is larger than the buffer of the socket, which tune.bufsize sets', () => {
    const large = { ...folder('a'), 'ssl/b.pem': (pems['b'] ?? '').repeat(30) };
    expect(outcome(folder('a', 'b'), large)).toMatch(/^ssl\/b\.pem: it has \d+ bytes, HAProxy's socket takes 16128/);
    const wide = config.replace('global\n', 'global\n  tune.bufsize 65536\n');
    expect(outcome(folder('a', 'b'), large, '2.6.12', wide)).toHaveLength(2);
  });

  it('reload for what is loaded beside them, and for an HAProxy that is too old', () => {
    expect(outcome(folder('a'), { ...folder('a'), 'ssl/a.pem.ocsp': 'x' })).toContain('the certificate beside it');
    expect(outcome(folder('a', 'b'), folder('a', 'b2'), '2.2.0')).toContain('changes no certificates at runtime');
  });
});

describe('certificates of a crt-list', () => {
  const list = (entries: string[], ...names: string[]): Files => ({
    ...Object.fromEntries(names.map((name) => [`${name}.pem`, pems[name] ?? ''])),
    list: entries.map((entry) => `${entry}\n`).join(''),
  });

  it('enter with their options and leave, relative to crt-base', () => {
    expect(outcome(list(['a.pem'], 'a'), list(['a.pem', 'b.pem [alpn h2] b.test'], 'a', 'b'))).toEqual([
      'new ssl cert /r/b.pem',
      'set ssl cert /r/b.pem <<',
      'commit ssl cert /r/b.pem',
      'add ssl crt-list /r/list <<',
    ]);
    expect(outcome(list(['a.pem', 'b.pem'], 'a', 'b'), list(['a.pem'], 'a'))).toEqual([
      'del ssl crt-list /r/list /r/b.pem',
      'del ssl cert /r/b.pem',
    ]);
  });

  it('answer the names of their filters and not their own', () => {
    const before = list(['a.pem', 'b.pem only.test', 'c.pem'], 'a', 'b', 'c');
    expect(outcome(before, { ...before, 'b.pem': pems['b2'] ?? '' })).toHaveLength(2);
    const shared = list(['a.pem', 'b.pem c.test', 'c.pem'], 'a', 'b', 'c');
    expect(outcome(shared, { ...shared, 'b.pem': pems['b2'] ?? '' })).toContain('answers a name of it too');
  });

  it.each([
    ['another order', ['a.pem', 'd.pem', 'b.pem'], 'the order of this list changed'],
    ['other options', ['a.pem', 'b.pem x.test', 'd.pem'], 'the options of a list entry changed'],
    ['a certificate twice', ['a.pem', 'b.pem', 'd.pem', 'a.pem x.test'], 'list'],
  ])('reload for %s', (_, entries, why) => {
    expect(outcome(list(['a.pem', 'b.pem', 'd.pem'], 'a', 'b', 'd'), list(entries, 'a', 'b', 'd'))).toContain(why);
  });

  it('reload for a certificate outside of the release', () => {
    expect(outcome(list(['a.pem'], 'a'), list(['a.pem', '/elsewhere/x.pem'], 'a'))).toContain(
      'the certificate /elsewhere/x.pem lies outside the bundle',
    );
  });
});

describe('other files', () => {
  it('changes a few entries of a map one by one and replaces it when more changed', () => {
    const map = (...lines: string[]): Files => ({ 'hosts.map': lines.map((line) => `${line}\n`).join('') });
    expect(outcome(map('a b0', 'b b1'), map('# why', 'a  b2', 'c b3'))).toEqual([
      'add map /r/hosts.map c b3',
      'set map /r/hosts.map a b2',
      'del map /r/hosts.map b',
    ]);
    expect(outcome(map('a b0', 'b b1'), map('b b1', 'a b0'))).toEqual([
      'prepare map /r/hosts.map',
      'add map @<version> /r/hosts.map <<',
      'commit map @<version> /r/hosts.map',
    ]);
    expect(outcome(map('a b0'), map('a'))).toContain('the key "a" has no value');
  });

  it('replaces patterns, and reloads for a file that is only read at the start or is gone', () => {
    expect(outcome({ 'denied.lst': '/x\n' }, { 'denied.lst': '/y\n' })).toHaveLength(3);
    expect(outcome({ '503.http': 'a' }, { '503.http': 'b' })).toContain('HAProxy reads it here only when it starts');
    expect(outcome({ 'denied.lst': '/x\n' }, {})).toContain('it is in use and gone');
  });

  it('does nothing for a file that nothing names', () => {
    expect(plan({ 'notes.txt': 'a' }, { 'notes.txt': 'b' })).toEqual({ kind: 'none' });
  });
});
