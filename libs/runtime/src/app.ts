import { constants } from 'node:os';
import { reasonOf } from '@flotilla/domain';
import { type ProgramHelp, helpText } from './config/help.ts';
import { knownNames } from './config/known-names.ts';
import { ConfigError, type Loaded, type Settings, loadSettings, unknownSettings } from './config/settings.ts';
import { sealingKey } from './config/shared-settings.ts';
import { logForeignLines } from './foreign-lines.ts';
import { type Check, serveHealth } from './health.ts';
import { type Logger, createLogger } from './logger.ts';
import { type Metrics, createMetrics } from './metrics.ts';
import { ReleaseStack } from './release-stack.ts';
import { programVersion } from './version.ts';

/** 64 and 70 are EX_USAGE and EX_SOFTWARE of sysexits.h. A second signal ends the process with 128 + its number. */
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
  /** Fields on every log line, and labels of every metric. */
  readonly fields?: (config: Loaded<S>) => Record<string, string>;
  /** Constructs and starts; gives back what `/readyz` asks. */
  readonly launch: (launch: Launch<Loaded<S>>) => Promise<Readonly<Record<string, Check>>>;
}

type AppSettings = Settings & { FLOTILLA_HTTP: unknown; FLOTILLA_LOG_LEVEL: unknown };

/**
 * The body of every `main.ts`: help, configuration, health server, start, and a drain on SIGTERM or SIGINT.
 * A second signal, later than half a second after the first, ends the process at once.
 */
export async function runApp<S extends AppSettings>(app: AppDefinition<S>): Promise<void> {
  const [argument] = process.argv.slice(2);
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(helpText(app));
    return;
  }
  if (argument === '--version') {
    process.stdout.write(`${programVersion}\n`);
    return;
  }
  if (argument !== undefined) refuse([`unknown argument "${argument}": it takes only --help and --version`]);
  const config = configure(app);

  const log = createLogger({
    app: app.name,
    level: String(config.FLOTILLA_LOG_LEVEL),
    fields: app.fields?.(config) ?? {},
  });
  logForeignLines(log);
  for (const warning of unknownSettings([...Object.keys(app.settings), ...knownNames], process.env)) log.warn(warning);
  const ending = new Ending(log);
  const releases = new ReleaseStack();
  const done = Symbol();
  const started = start(app, { config, log, releases, ending });
  const first = await Promise.race([started.catch((error: unknown) => ({ error })), ending.begun.then(() => done)]);
  if (typeof first === 'object' && first !== null) {
    if (first.error instanceof ConfigError) {
      await releases.close();
      refuse(first.error.faults);
    }
    ending.fail(first.error);
  }
  await ending.begun;
  for (const { what, error } of await releases.close()) {
    log.warn({ what, reason: reasonOf(error) }, 'did not close cleanly');
  }
  log.info('ended');
  process.exit(ending.exitCode);
}

/** Health server first, so that `/healthz` answers while the app is starting; then the app. */
async function start<S extends AppSettings>(
  app: AppDefinition<S>,
  context: { config: Loaded<S>; log: Logger; releases: ReleaseStack; ending: Ending },
): Promise<void> {
  const { config, log, releases, ending } = context;
  const metrics = createMetrics(app.fields?.(config));
  let checks: Readonly<Record<string, Check>> = { started: () => 'the app is starting' };
  const health = await serveHealth({
    address: config.FLOTILLA_HTTP as { host: string; port: number },
    checks: () => (ending.signal.aborted ? { ending: () => 'the app is ending' } : checks),
    metrics,
  });
  releases.add(health, 'health server', (server) => server.close());
  log.info({ http: health.url }, 'starting');
  checks = await app.launch({
    config,
    log,
    metrics,
    releases,
    signal: ending.signal,
    fail: (error) => {
      ending.fail(error);
    },
  });
  if (!ending.signal.aborted) log.info({ http: health.url }, 'started');
}

/** Signals this close together are one request to end. */
const sameRequestMs = 500;

/** Why and how the process ends: a signal, or an error that nobody caught. */
class Ending {
  exitCode: number = exitCodes.ok;
  readonly #controller = new AbortController();
  #askedAt = -Infinity;
  readonly #log: Logger;
  readonly signal = this.#controller.signal;
  readonly begun = new Promise<void>((resolve) => {
    this.signal.addEventListener('abort', () => {
      resolve();
    });
  });

  constructor(log: Logger) {
    this.#log = log;
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.on(name, () => {
        // A terminal and a wrapper, or a service manager and a wrapper, pass one request on twice.
        if (performance.now() - this.#askedAt < sameRequestMs) return;
        if (this.signal.aborted) process.exit(128 + constants.signals[name]);
        this.#askedAt = performance.now();
        this.#begin(name);
      });
    }
    // Node would open its inspector, which lets every local user into the process.
    process.on('SIGUSR1', () => undefined);
    const fail = this.fail.bind(this);
    process.on('unhandledRejection', fail).on('uncaughtException', fail);
  }

  fail(error: unknown): void {
    // What breaks because everything is being closed is no failure of its own.
    if (this.signal.aborted) {
      this.#log.warn({ reason: reasonOf(error) }, 'failed while ending');
      return;
    }
    this.exitCode = exitCodes.internal;
    this.#log.fatal(
      { reason: reasonOf(error), stack: error instanceof Error ? error.stack : undefined },
      'cannot go on',
    );
    this.#begin('internal error');
  }

  #begin(reason: string): void {
    this.#log.info({ reason }, 'ending');
    this.#controller.abort(new Error(reason));
  }
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
