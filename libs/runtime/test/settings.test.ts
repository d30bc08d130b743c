import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  ConfigError,
  helpText,
  httpSetting,
  kinds,
  loadSettings,
  sealingKey,
  setting,
  settingsTable,
  sharedSettings,
  unknownSettings,
} from '../src/index.ts';

const settings = {
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_FLEETS: sharedSettings.FLOTILLA_FLEETS,
  FLOTILLA_HTTP: httpSetting(9101),
  COUNT: setting(kinds.integer(1, 9), { help: 'How many.', example: '3' }),
  EXTRA: setting(kinds.yesOrNo(), { help: 'More.', optional: true }),
};

const faultsOf = (env: NodeJS.ProcessEnv): readonly string[] => {
  try {
    loadSettings(settings, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
  }
  return [];
};

describe('settings', () => {
  it('are read with their defaults, and an empty variable counts as absent', () => {
    const loaded = loadSettings(settings, { COUNT: '3', FLOTILLA_FLEETS: ' lb, edge ,lb,', FLOTILLA_HTTP: '' });
    expect(loaded).toMatchObject({
      COUNT: 3,
      FLOTILLA_FLEETS: ['lb', 'edge'],
      FLOTILLA_HTTP: { host: '0.0.0.0', port: 9101 },
    });
    expect(loaded.EXTRA).toBeUndefined();
    expect(Object.isFrozen(loaded)).toBe(true);
  });

  it('name every bad variable at once, with its value, what is wrong and an example', () => {
    const faults = faultsOf({ COUNT: '12', FLOTILLA_HTTP: 'localhost', FLOTILLA_FLEETS: 'Lb' });
    expect(faults).toEqual([
      'FLOTILLA_FLEETS "Lb" is refused: "Lb" is not a Kubernetes namespace',
      'FLOTILLA_HTTP "localhost" is refused: expected host:port, for example 127.0.0.1:9101. Example: FLOTILLA_HTTP=127.0.0.1:9101',
      'COUNT "12" is refused: expected a whole number from 1 to 9. Example: COUNT=3',
    ]);
  });

  it('say that a required one is missing', () => {
    expect(faultsOf({})).toEqual(['COUNT is not set: How many. Example: COUNT=3']);
  });

  it('never show the value of a secret one', () => {
    const faults = faultsOf({ COUNT: '1', REDIS_URL: 'http://user:hunter2@redis' });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^REDIS_URL is refused: expected a URL that begins with redis:\/\//);
    expect(faults[0]).not.toContain('hunter2');
  });

  it('are all in the help and in the reference, with their defaults', () => {
    const help = helpText({ name: 'watcher', about: 'follows the store', settings });
    const table = settingsTable(settings);
    for (const name of Object.keys(settings)) {
      expect(help).toContain(name);
      expect(table).toContain(`| \`${name}\` |`);
    }
    expect(help).toContain('(default 0.0.0.0:9101)');
    expect(help).toContain('(required)');
    expect(Math.max(...help.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });
});

describe('addresses', () => {
  const read = (text: string) => kinds.address().safeParse(text).data;

  it('are a host and a port, IPv6 in brackets', () => {
    expect(read('127.0.0.1:0')).toEqual({ host: '127.0.0.1', port: 0 });
    expect(read('[::1]:80')).toEqual({ host: '::1', port: 80 });
  });

  it.each(['9101', ':80', 'a:b', 'a:65536', '::1:80', '[a]:80'])('are not %s', (text) => {
    expect(read(text)).toBeUndefined();
  });
});

describe('unknown FLOTILLA_ variables', () => {
  it('are named, with the nearest known name', () => {
    const env = { FLOTILLA_FLEATS: 'a', FLOTILLA_SOMETHING_ELSE: 'b', FLOTILLA_HTTP: 'c', OTHER: 'd' };
    expect(unknownSettings(Object.keys(settings), env)).toEqual([
      'FLOTILLA_FLEATS is not a setting of this program; did you mean FLOTILLA_FLEETS?',
      'FLOTILLA_SOMETHING_ELSE is not a setting of this program',
    ]);
  });
});

describe('the sealing key', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-key-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });
  const bytes = Buffer.alloc(32, 7);
  const keySettings = {
    FLOTILLA_KEY: sharedSettings.FLOTILLA_KEY,
    FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  };
  const key = (env: NodeJS.ProcessEnv) => sealingKey(loadSettings(keySettings, env));
  const file = (content: string): string => {
    const path = join(folder, 'key');
    writeFileSync(path, content);
    return path;
  };

  it('comes from the variable or from the file, whose last newline does not matter', () => {
    expect(key({ FLOTILLA_KEY: bytes.toString('base64') })).toEqual(bytes);
    expect(key({ FLOTILLA_KEY_FILE: file(`${bytes.toString('base64')}\n`) })).toEqual(bytes);
  });

  it('is asked for with the command that makes one', () => {
    expect(() => key({})).toThrow(/openssl rand -base64 32/);
    expect(() => key({ FLOTILLA_KEY_FILE: file('') })).toThrow(/does not hold a key.*openssl rand -base64 32/);
    expect(() => key({ FLOTILLA_KEY_FILE: join(folder, 'none') })).toThrow(/FLOTILLA_KEY_FILE.*cannot be read.*ENOENT/);
  });

  it.each([bytes.subarray(1).toString('base64'), 'nonsense!', `${bytes.toString('base64')}AAAA`])(
    'is refused without being shown: %s',
    (text) => {
      const attempt = () => key({ FLOTILLA_KEY: text });
      expect(attempt).toThrow(/^FLOTILLA_KEY is refused: expected 32 bytes in base64/);
      expect(attempt).not.toThrow(text);
      expect(() => key({ FLOTILLA_KEY_FILE: file(text) })).not.toThrow(text);
    },
  );
});
