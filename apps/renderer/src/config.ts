import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Loaded, dataDirSetting, httpSetting, kinds, setting, sharedSettings } from '@flotilla/runtime';

/** The original's password, kept for compatibility; whoever uses it is warned. */
export const defaultStatisticsPassword = 'IAmAnIdiotForNotChangingTheDefaultPassword';

export const settings = {
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_REDIS_TIMEOUT_MS: sharedSettings.FLOTILLA_REDIS_TIMEOUT_MS,
  FLOTILLA_KEY: sharedSettings.FLOTILLA_KEY,
  FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  STATISTICS_PASSWORD: setting(kinds.text(), {
    help: `The value of {{ stats.password }} in templates. Default: ${defaultStatisticsPassword}, with a warning when a template uses it.`,
    default: defaultStatisticsPassword,
    secret: true,
  }),
  FLOTILLA_TEMPLATE_ENV: setting(kinds.list(), {
    help: 'Names of environment variables that templates see as {{ env.NAME }}, separated by commas; no others are visible.',
    default: '',
    example: 'STAGE,REGION',
  }),
  FLOTILLA_TEMPLATE_UNDEFINED: setting(kinds.oneOf(['lenient', 'strict']), {
    help: 'What an undefined value is in a template: lenient (empty, as in Jinja2) or strict (an error).',
    default: 'lenient',
  }),
  FLOTILLA_RENDER_TIMEOUT_MS: setting(kinds.integer(10, 600_000), {
    help: 'How long one render may take, in milliseconds, before it is stopped.',
    default: '10000',
  }),
  FLOTILLA_RENDER_HEAP_MB: setting(kinds.integer(32, 65_536), {
    help: "How much memory one fleet's render process may use, in MB, its inputs included.",
    default: '2048',
  }),
  FLOTILLA_RENDER_OUTPUT_MB: setting(kinds.integer(1, 1_024), {
    help: 'How large all rendered files of a fleet may be together, in MiB.',
    default: '64',
  }),
  FLOTILLA_RENDER_COMPARE_MS: setting(kinds.integer(0, 86_400_000), {
    help: 'How often, in milliseconds, an incremental render of a fleet is compared with a full one, when there were any; 0: never.',
    default: '60000',
  }),
  FLOTILLA_RENDER_CONCURRENCY: setting(kinds.integer(1, 64), {
    help: 'How many fleets are rendered at the same time; one fleet never twice.',
    default: '2',
  }),
  FLOTILLA_WARM_FLEETS: setting(kinds.integer(1, 10_000), {
    help: 'How many fleets are kept ready in memory; the one unused for longest gives way.',
    default: '16',
  }),
  FLOTILLA_KEEP_VERSIONS: setting(kinds.integer(1, 1_000), {
    help: 'How many versions of each fleet stay in Redis; so many may also go out one after the other before HAProxy has checked one of them.',
    default: '30',
  }),
  FLOTILLA_HISTORY_COMPLETED: setting(kinds.integer(1, 100_000), {
    help: "How many of each fleet's completed render jobs stay in the history.",
    default: '200',
  }),
  FLOTILLA_HISTORY_FAILED: setting(kinds.integer(1, 100_000), {
    help: "How many of each fleet's failed render jobs stay in the history.",
    default: '100',
  }),
  FLOTILLA_HAPROXY: setting(kinds.text(), {
    help: 'The HAProxy binary that checks what was rendered.',
    default: 'haproxy',
    example: '/usr/sbin/haproxy',
  }),
  FLOTILLA_CHECK_TIMEOUT_MS: setting(kinds.integer(100, 600_000), {
    help: 'How long HAProxy may take to check a configuration, in milliseconds.',
    default: '30000',
  }),
  FLOTILLA_DATA_DIR: dataDirSetting(
    'Where a rendered bundle, private keys included, is laid out for the check; a folder in memory is best.',
    join(tmpdir(), 'flotilla-renderer'),
  ),
  FLOTILLA_HTTP: httpSetting(9102),
  FLOTILLA_LOG_LEVEL: sharedSettings.FLOTILLA_LOG_LEVEL,
} as const;

export type RendererConfig = Loaded<typeof settings>;
