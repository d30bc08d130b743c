import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { reasonOf } from '@flotilla/domain';
import { address, fleet, fleets, integer, key, oneOf, text, url } from './kinds.ts';
import { ConfigError, loadSettings, setting } from './settings.ts';

/** Settings that several apps share; each app picks what it needs. */
export const sharedSettings = {
  REDIS_URL: setting(url('redis:', 'rediss:'), {
    help: 'Redis, with user and password where it wants them; rediss:// for TLS.',
    default: 'redis://127.0.0.1:6379',
    // A URL may hold a password.
    secret: true,
    example: 'redis://127.0.0.1:6379',
  }),
  FLOTILLA_REDIS_TIMEOUT_MS: setting(integer(4_000, 600_000), {
    help: 'How long, in milliseconds, a connection to Redis on which something was asked may pass nothing before it is closed and made anew.',
    default: '12000',
  }),
  FLOTILLA_KEY: setting(key(), {
    help: 'The key that seals secrets and artifacts in Redis: 32 bytes in base64, the same for every app. Make one with: openssl rand -base64 32',
    optional: true,
    secret: true,
  }),
  FLOTILLA_KEY_FILE: setting(text(), {
    help: 'A file that holds the key, instead of FLOTILLA_KEY.',
    optional: true,
    example: '/etc/flotilla/key',
  }),
  FLOTILLA_LOG_LEVEL: setting(oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace']), {
    help: 'The least severe level that is logged: fatal, error, warn, info, debug or trace.',
    default: 'info',
  }),
  FLOTILLA_FLEETS: setting(fleets(), {
    help: 'The fleets to serve: the namespaces that hold their configmaps, separated by commas.',
    default: 'lb',
  }),
  FLOTILLA_FLEET: setting(fleet(), { help: 'The fleet this node belongs to.', default: 'lb' }),
  FLOTILLA_NODE: setting(text(), {
    help: 'The name of this node, unique in its fleet. Default: the host name.',
    default: hostname(),
  }),
} as const;

/** `FLOTILLA_HTTP` with an app's own default port. */
export const httpSetting = (port: number) =>
  setting(address(), {
    help: 'Where /healthz, /readyz and /metrics are served, host:port. Port 0 takes a free one.',
    default: `0.0.0.0:${port}`,
    example: `127.0.0.1:${port}`,
  });

/** `FLOTILLA_DATA_DIR` with an app's own default. */
export const dataDirSetting = (help: string, path: string) => setting(text(), { help, default: path });

/** The sealing key from FLOTILLA_KEY or FLOTILLA_KEY_FILE. Throws `ConfigError` that says how to make one. */
export function sealingKey(config: {
  FLOTILLA_KEY: Buffer | undefined;
  FLOTILLA_KEY_FILE: string | undefined;
}): Buffer {
  if (config.FLOTILLA_KEY) return config.FLOTILLA_KEY;
  const file = config.FLOTILLA_KEY_FILE;
  if (file === undefined) {
    throw new ConfigError([
      'FLOTILLA_KEY or FLOTILLA_KEY_FILE is not set: secrets and artifacts are sealed with it. Make one, and give the same to every app: openssl rand -base64 32',
    ]);
  }
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`FLOTILLA_KEY_FILE "${file}" cannot be read: ${reasonOf(error)}`]);
  }
  const read = { key: { ...sharedSettings.FLOTILLA_KEY, optional: false, help: `the file ${file} is empty` } };
  try {
    return loadSettings(read, { key: content.trim() }).key as Buffer;
  } catch {
    throw new ConfigError([
      `FLOTILLA_KEY_FILE "${file}" does not hold a key: expected 32 bytes in base64; make one with: openssl rand -base64 32`,
    ]);
  }
}
