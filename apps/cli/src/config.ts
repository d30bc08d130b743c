import { type Loaded, kinds, setting, sharedSettings } from '@flotilla/runtime';

/** For docs/configuration.md. */
export const about =
  'The operator’s command, `flotilla`. It serves nothing and logs nothing; `flotilla --help` lists its exit codes.';

export const settings = {
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_FLEET: setting(kinds.fleet(), { help: 'The fleet that is meant without --fleet.', default: 'lb' }),
  FLOTILLA_KEY: setting(kinds.key(), {
    help: 'The key that artifacts are sealed with; only `plan` between versions in Redis, `retry` and `reload` need it.',
    optional: true,
    secret: true,
  }),
  FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  FLOTILLA_HAPROXY: setting(kinds.text(), {
    help: 'The HAProxy binary that checks what was rendered offline.',
    default: 'haproxy',
    example: '/usr/sbin/haproxy',
  }),
  STATISTICS_PASSWORD: setting(kinds.text(), {
    help: 'The value of {{ stats.password }} when templates are rendered offline.',
    default: 'offline',
    secret: true,
  }),
  FLOTILLA_TEMPLATE_ENV: setting(kinds.list(), {
    help: 'Names of environment variables that templates see as {{ env.NAME }} offline, separated by commas.',
    default: '',
    example: 'STAGE,REGION',
  }),
  FLOTILLA_TEMPLATE_UNDEFINED: setting(kinds.oneOf(['lenient', 'strict']), {
    help: 'What an undefined value is in a template rendered offline: lenient (empty, as in Jinja2) or strict (an error).',
    default: 'lenient',
  }),
} as const;

export type CliConfig = Loaded<typeof settings>;
