import {
  ConfigError,
  type Loaded,
  dataDirSetting,
  httpSetting,
  kinds,
  setting,
  sharedSettings,
} from '@flotilla/runtime';

export const settings = {
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_REDIS_TIMEOUT_MS: sharedSettings.FLOTILLA_REDIS_TIMEOUT_MS,
  FLOTILLA_FLEET: sharedSettings.FLOTILLA_FLEET,
  FLOTILLA_NODE: sharedSettings.FLOTILLA_NODE,
  FLOTILLA_KEY: sharedSettings.FLOTILLA_KEY,
  FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  FLOTILLA_DATA_DIR: dataDirSetting(
    'Where releases lie on this node, private keys included; only the owner can read it. HAProxy reads <data dir>/current/haproxy.cfg and <data dir>/current/flotilla.cfg.',
    '/var/lib/flotilla',
  ),
  FLOTILLA_HAPROXY_MODE: setting(kinds.oneOf(['supervise', 'attach', 'command']), {
    help: 'Who runs HAProxy. supervise: the agent, in master-worker mode. attach: someone else; the agent reloads it through its master socket. command: the agent runs FLOTILLA_HAPROXY_COMMAND after each change.',
    default: 'supervise',
  }),
  FLOTILLA_HAPROXY: setting(kinds.text(), {
    help: 'The HAProxy binary that is run (supervise) and that checks each configuration on this node.',
    default: 'haproxy',
    example: '/usr/sbin/haproxy',
  }),
  FLOTILLA_HAPROXY_MASTER_SOCKET: setting(kinds.text(), {
    help: 'Mode attach: the master socket of the HAProxy that runs, as its -S says.',
    default: '/run/haproxy-master.sock',
  }),
  FLOTILLA_HAPROXY_COMMAND: setting(kinds.text(), {
    help: 'Mode command: run by /bin/sh after each change, with the folder of the files in FLOTILLA_CURRENT. Exit code 0 means that HAProxy runs them.',
    optional: true,
    example: "'systemctl reload haproxy'",
  }),
  FLOTILLA_HAPROXY_ON_EXIT: setting(kinds.oneOf(['stop', 'leave']), {
    help: 'Mode supervise: what becomes of HAProxy when the agent is asked to end. stop: it ends softly with the agent. leave: it serves on, and the next agent takes it over.',
    default: 'stop',
  }),
  FLOTILLA_STOP_GRACE_MS: setting(kinds.integer(0, 3_600_000), {
    help: 'How long, in milliseconds, open connections may go on when HAProxy is stopped with the agent.',
    default: '5000',
  }),
  FLOTILLA_RELOAD_INTERVAL_MS: setting(kinds.integer(0, 3_600_000), {
    help: 'The least time, in milliseconds, between two reloads. The first is made at once; those that come within this time after it become one.',
    default: '2000',
  }),
  FLOTILLA_RELOAD_TIMEOUT_MS: setting(kinds.integer(1_000, 3_600_000), {
    help: 'How long a start, a reload or the command may take, in milliseconds.',
    default: '60000',
  }),
  FLOTILLA_MAX_OLD_WORKERS: setting(kinds.integer(1, 1_000), {
    help: 'A reload is put off while so many workers of former configurations still have connections.',
    default: '20',
  }),
  FLOTILLA_RELOAD_PUT_OFF_MS: setting(kinds.integer(0, 86_400_000), {
    help: 'How long, in milliseconds, a reload is put off at most because of old workers; then it is made all the same, and the log says so.',
    default: '900000',
  }),
  FLOTILLA_DRAIN_MS: setting(kinds.integer(0, 86_400_000), {
    help: 'How long, in milliseconds, the connections of a server that was removed may go on before they are ended.',
    default: '300000',
  }),
  FLOTILLA_CHECK_TIMEOUT_MS: setting(kinds.integer(100, 600_000), {
    help: 'How long HAProxy may take to check a configuration, in milliseconds.',
    default: '30000',
  }),
  FLOTILLA_VERIFY_MS: setting(kinds.integer(100, 600_000), {
    help: 'How often, in milliseconds, it is looked whether HAProxy runs what its files say.',
    default: '2000',
  }),
  FLOTILLA_HTTP: httpSetting(9103),
  FLOTILLA_LOG_LEVEL: sharedSettings.FLOTILLA_LOG_LEVEL,
} as const;

export type AgentConfig = Loaded<typeof settings>;

/** The command of mode `command`. Throws `ConfigError` when it is missing. */
export function haproxyCommand({ FLOTILLA_HAPROXY_COMMAND: command }: AgentConfig): string {
  if (command !== undefined) return command;
  throw new ConfigError([
    `FLOTILLA_HAPROXY_COMMAND is not set: FLOTILLA_HAPROXY_MODE=command needs it. Example: FLOTILLA_HAPROXY_COMMAND=${settings.FLOTILLA_HAPROXY_COMMAND.example}`,
  ]);
}
