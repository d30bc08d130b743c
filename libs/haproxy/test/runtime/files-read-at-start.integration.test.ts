import { afterEach, describe, expect, it } from 'vitest';
import { cleanUp, freePort } from '@flotilla/testkit';
import { liveHaproxy } from '../live/live-haproxy.ts';

afterEach(cleanUp);

const answer = (value: string) => `http-request return status 200 content-type text/plain lf-string "${value}"`;
const map = (value: string) => `key ${value}\n`;

interface Case {
  readonly global?: string;
  readonly rule: string;
  readonly file: string;
  readonly content?: (value: string) => string;
  readonly others?: Readonly<Record<string, string>>;
}

const lua = (body: string) => `core.register_fetches("say", function() ${body} end)\n`;
const luaMap = `local m = Map.new("ROOT/files/hosts.map", Map._str)\n${lua('return m:lookup("key")')}`;

/** Every way to read a file that a runtime update does not reach. */
const cases: Record<string, Case> = {
  'a map in quotes inside a word': {
    rule: answer(`%[str(key),map('ROOT/files/hosts.map',none)]`),
    file: 'files/hosts.map',
    content: map,
  },
  'a map relative to default-path': {
    global: 'default-path origin ROOT/files',
    rule: answer('%[str(key),map(hosts.map,none)]'),
    file: 'files/hosts.map',
    content: map,
  },
  'a map whose folder is in the environment': {
    global: 'setenv FILES ROOT/files',
    rule: answer('%[str(key),map(${FILES}/hosts.map,none)]'),
    file: 'files/hosts.map',
    content: map,
  },
  'a file whose name is in the environment': {
    global: 'setenv BODY ROOT/files/body',
    rule: 'http-request return status 200 content-type text/plain file "$BODY"',
    file: 'files/body',
  },
  'the body of an answer': {
    rule: 'http-request return status 200 content-type text/plain file ROOT/files/body.http',
    file: 'files/body.http',
  },
  'a script': {
    global: 'lua-load ROOT/files/say.lua',
    rule: answer('%[lua.say]'),
    file: 'files/say.lua',
    content: (value) => lua(`return "${value}"`),
  },
  'a file that a script runs': {
    global: 'lua-load ROOT/files/say.lua',
    rule: answer('%[lua.say]'),
    file: 'files/part.lua',
    content: (value) => `return "${value}"\n`,
    others: { 'files/say.lua': `local part = dofile("ROOT/files/part.lua")\n${lua('return part')}` },
  },
  'a module that a script requires': {
    global: 'lua-prepend-path ROOT/files/?.lua\n  lua-load ROOT/files/say.lua',
    rule: answer('%[lua.say]'),
    file: 'files/part.lua',
    content: (value) => `return "${value}"\n`,
    others: { 'files/say.lua': `local part = require("part")\n${lua('return part')}` },
  },
  'a map of a script': {
    global: 'lua-load ROOT/files/say.lua',
    rule: answer('%[lua.say]'),
    file: 'files/hosts.map',
    content: map,
    others: { 'files/say.lua': luaMap },
  },
  'a file whose name a script makes': {
    global: 'lua-load ROOT/files/say.lua',
    rule: answer('%[lua.say]'),
    file: 'files/hosts.lst',
    others: {
      'files/say.lua': `local f = io.open("ROOT/files/ho" .. "sts.lst")\nlocal text = f:read("a")\nf:close()\n${lua('return text')}`,
    },
  },
};

describe('a file that HAProxy reads only when it starts', () => {
  it.each(Object.entries(cases))('is a reload when it changes: %s', async (_, one) => {
    const port = await freePort();
    const make = (dir: string, value: string) => {
      const at = (text: string) => text.replaceAll('ROOT', dir);
      const config = `global
  ${at(one.global ?? 'maxconn 100')}
defaults
  mode http
  timeout client 5s
frontend in
  bind 127.0.0.1:${port}
  ${at(one.rule)}
`;
      const others = Object.entries(one.others ?? {}).map(([path, text]) => [path, at(text)] as const);
      const files = { ...Object.fromEntries(others), [one.file]: one.content?.(value) ?? value };
      return { config, files };
    };
    const get = async () => (await (await fetch(`http://127.0.0.1:${port}/`)).text()).trim();
    const live = await liveHaproxy((dir) => make(dir, 'old'));
    expect(await get()).toBe('old');
    const next = make(live.haproxy.dir, 'new');
    const { plan } = await live.follow(live.release(next.config, next.files));
    expect(await get()).toBe('new');
    expect(plan.kind).toBe('reload');
  });

  it('is no reload when nothing can name it', async () => {
    const port = await freePort();
    const config = `defaults\n  mode http\n  timeout client 1s\nfrontend in\n  bind "127.0.0.1:\${PORT-${port}}"\n`;
    const live = await liveHaproxy(() => ({ config, files: { 'crt-list': '', 'ssl/a.pem': 'a' } }));
    const wanted = live.release(config, { 'crt-list': 'x\n', 'ssl/a.pem': 'b' });
    expect(live.plan(wanted)).toEqual({ kind: 'none' });
  });
});
