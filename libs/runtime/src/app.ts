import { reasonOf } from '@flotilla/domain';
import { type ProgramHelp, helpText } from './config/help.ts';
import { ConfigError, type Loaded, type Settings, loadSettings, unknownSettings } from './config/settings.ts';
import { sealingKey, sharedSettings } from './config/shared-settings.ts';
import { type Check, serveHealth } from './health.ts';
import { type Logger, createLogger } from './logger.ts';
import { type Metrics, createMetrics } from './metrics.ts';
import { ReleaseStack } from './release-stack.ts';

export const exitCodes = { ok: 0, usage: 64, internal: 70 } as const;

/** What an app is launched with. Everything it opens goes on the release stack. */
export interface Launch<Config> {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly releases: ReleaseStack;
  /** Aborted when the app is asked to end. */
  readonly signal: AbortSignal;
  /** Ends the app because it cannot go on; it is logged, and the exit code is 70. */
  readonly fail: (error: unknown) => void;
}

export interface AppDefinition<S extends Settings> extends ProgramHelp {
  readonly settings: S;
  /** Fields on every log line. */
  readonly fields?: (config: Loaded<S>) => Record<string, string>;
  /** Constructs and starts; gives back what `/readyz` asks. */
  readonly launch: (launch: Launch<Loaded<S>>) => Promise<Readonly<Record<string, Check>>>;
}

declare const FLOTILLA_VERSION: string | undefined;

/**
 * The body of every `main.ts`: help, configuration, health server, start, and a drain on SIGTERM or SIGINT.
 * A second signal ends the process at once.
 */
export async function runApp<S extends Settings & { FLOTILLA_HTTP: unknown; FLOTILLA_LOG_LEVEL: unknown }>(
  app: AppDefinition<S>,
): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(helpText(app));
    return;
  }
  if (argument === '--version') {
    process.stdout.write(`${typeof FLOTILLA_VERSION === 'string' ? FLOTILLA_VERSION : '0.0.0'}\n`);
    return;
  }
  if (argument !== undefined) refuse([`unknown argument "${argument}": it takes only --help and --version`]);
  const config = configure(app);

  const log = createLogger({
    app: app.name,
    level: String(config.FLOTILLA_LOG_LEVEL),
    fields: app.fields?.(config) ?? {},
  });
  for (const warning of unknownSettings(Object.keys(app.settings), ownVariables(process.env))) log.warn(warning);
  const metrics = createMetrics();
  const releases = new ReleaseStack();
  const ending = new AbortController();
  let exitCode: number = exitCodes.ok;
  const end = (reason: string): void => {
    if (ending.signal.aborted) return;
    log.info({ reason }, 'ending');
    ending.abort(new Error(reason));
  };
  const fail = (error: unknown): void => {
    log.fatal({ reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined }, 'cannot go on');
    exitCode = exitCodes.internal;
    end('internal error');
  };
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(exitCodes.internal);
      end(name);
    });
  }
  process.on('unhandledRejection', fail);
  process.on('uncaughtException', fail);

  const ended = new Promise<void>((resolve) => {
    ending.signal.addEventListener('abort', () => {
      resolve();
    });
  });
  try {
    const checks = await app.launch({ config, log, metrics, releases, signal: ending.signal, fail });
    const address = config.FLOTILLA_HTTP as { host: string; port: number };
    const health = releases.add(await serveHealth({ address, checks, metrics }), 'health server', (server) =>
      server.close(),
    );
    log.info({ http: health.url }, 'started');
  } catch (error) {
    if (error instanceof ConfigError) {
      await releases.close();
      refuse(error.faults);
    }
    fail(error);
  }
  await ended;
  for (const { what, error } of await releases.close())
    log.warn({ what, reason: reasonOf(error) }, 'did not close cleanly');
  log.info('ended');
  process.exit(exitCode);
}

function configure<S extends Settings>(app: AppDefinition<S>): Loaded<S> {
  try {
    const config = loadSettings(app.settings, process.env);
    // Say what is wrong with the key before anything is opened.
    if ('FLOTILLA_KEY' in app.settings) sealingKey(config as unknown as Parameters<typeof sealingKey>[0]);
    return config;
  } catch (error) {
    if (error instanceof ConfigError) refuse(error.faults);
    throw error;
  }
}

function refuse(faults: readonly string[]): never {
  process.stderr.write(
    `${faults.map((fault) => `error: ${fault}`).join('\n')}\nRun with --help to see every setting.\n`,
  );
  process.exit(exitCodes.usage);
}

/** All apps may share one environment: a variable that another app reads is no mistake. */
const ownVariables = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !(name in sharedSettings)));
