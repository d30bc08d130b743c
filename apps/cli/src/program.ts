import { type FleetName, createSealer, fleetName } from '@flotilla/domain';
import { createArtifactReader } from '@flotilla/artifact';
import { kinds, loadSettings, sealingKey, setting, sharedSettings } from '@flotilla/runtime';
import { Command, InvalidArgumentError } from 'commander';
import { Redis } from 'ioredis';
import { renderCommand } from './offline/render-command.ts';
import { testCommand } from './offline/test-command.ts';
import { jobsCommand } from './operator/jobs.ts';
import { statusCommand } from './operator/status.ts';
import { versionsCommand } from './operator/versions.ts';
import type { Outcome } from './outcome.ts';
import { readBundle } from './plan/bundle-source.ts';
import { planCommand } from './plan/plan-command.ts';

declare const FLOTILLA_VERSION: string;

/** The environment the operator's command reads. */
export const settings = {
  REDIS_URL: sharedSettings.REDIS_URL,
  FLOTILLA_KEY: sharedSettings.FLOTILLA_KEY,
  FLOTILLA_KEY_FILE: sharedSettings.FLOTILLA_KEY_FILE,
  FLOTILLA_HAPROXY: setting(kinds.text(), {
    help: 'The HAProxy binary that checks what was rendered.',
    default: 'haproxy',
  }),
  STATISTICS_PASSWORD: setting(kinds.text(), {
    help: 'The value of {{ stats.password }} when templates are rendered offline.',
    default: 'offline',
    secret: true,
  }),
} as const;

export type Report = (outcome: Outcome, json: boolean) => void;

/** All commands. `report` is told each outcome; errors are thrown. */
export function createProgram(env: NodeJS.ProcessEnv, report: Report): Command {
  const program = new Command('flotilla')
    .description('Looks into fleets of HAProxy nodes, and renders and tests their templates without any server.')
    .version(FLOTILLA_VERSION)
    .addHelpText('after', epilogue)
    .showHelpAfterError('(flotilla --help lists the commands)');
  addOffline(program, env, report);
  addPlan(program, env, report);
  addOperator(program, env, report);
  return program;
}

const epilogue = `
Examples:
  flotilla status                                   where every node of fleet lb stands
  flotilla jobs --fleet edge --count 5              what was rendered last, and why it failed
  flotilla render --manifests examples/http         render offline, and let HAProxy check it
  flotilla test --manifests examples/http           run the template tests beside the manifests
  flotilla plan --from 41 --to 42                   runtime commands, or the line that forces a reload

Environment: REDIS_URL (status, jobs, versions, plan), FLOTILLA_KEY or FLOTILLA_KEY_FILE (versions, plan).
Exit codes: 0 yes, 1 no (a failed render, check or test; a node that is behind), 64 wrong use, 69 Redis cannot be
reached, 70 internal error.`;

const asFleet = (text: string): FleetName => {
  try {
    return fleetName(text);
  } catch {
    throw new InvalidArgumentError('use a Kubernetes namespace (a-z, 0-9 and -).');
  }
};

const asCount = (text: string): number => {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError('use a whole number above 0.');
};

const common = (command: Command): Command =>
  command
    .option('--fleet <name>', 'the fleet', asFleet, fleetName('lb'))
    .option('--json', 'print one JSON document', false);

interface Common {
  readonly fleet: FleetName;
  readonly json: boolean;
}

function addOffline(program: Command, env: NodeJS.ProcessEnv, report: Report): void {
  const template = (strict: boolean) => {
    const config = loadSettings(settings, env);
    const undefinedValues: 'strict' | 'lenient' = strict ? 'strict' : 'lenient';
    return {
      haproxy: config.FLOTILLA_HAPROXY,
      settings: { statisticsPassword: config.STATISTICS_PASSWORD, env: {}, undefinedValues },
    };
  };
  const offline = (command: Command): Command =>
    common(command)
      .requiredOption('--manifests <dir>', 'a folder of kubectl manifests, or one file')
      .option('--strict', 'an undefined value in a template is an error', false);

  offline(program.command('render'))
    .description('render a fleet from manifests, and check it with HAProxy where there is one')
    .option('--out <dir>', 'write the whole bundle here, private keys included')
    .action(async (options: Common & { manifests: string; strict: boolean; out?: string }) => {
      report(await renderCommand({ ...options, out: options.out, ...template(options.strict) }), options.json);
    });
  offline(program.command('test'))
    .description('run tests of a template: given these objects, expect these lines, this backend or this error')
    .option('--tests <path>', 'a test file or a folder of *.test.yaml (default: the manifests folder)')
    .action(async (options: Common & { manifests: string; strict: boolean; tests?: string }) => {
      report(await testCommand({ ...options, tests: options.tests, ...template(options.strict) }), options.json);
    });
}

function addPlan(program: Command, env: NodeJS.ProcessEnv, report: Report): void {
  common(program.command('plan'))
    .description('how a node gets from one version to another: runtime commands, or the line that forces a reload')
    .requiredOption('--from <version>', "a version's number, a release folder or a haproxy.cfg")
    .requiredOption('--to <version>', 'the same')
    .option('--haproxy-version <version>', "the node's HAProxy", '2.6')
    .action(async (options: Common & { from: string; to: string; haproxyVersion: string }) => {
      await withRedis(env, async (redis) => {
        const artifacts = artifactsOf(env, options.fleet, redis);
        const [from, to] = [await readBundle(options.from, artifacts), await readBundle(options.to, artifacts)];
        report(planCommand(from, to, options.haproxyVersion), options.json);
      });
    });
}

function addOperator(program: Command, env: NodeJS.ProcessEnv, report: Report): void {
  common(program.command('status'))
    .description('where inputs, artifact and every node of a fleet stand')
    .action((options: Common) =>
      withRedis(env, async (redis) => {
        report(await statusCommand(redis(), options.fleet), options.json);
      }),
    );
  program
    .command('jobs')
    .description('the job history: what changed, which version came of it, or why it failed')
    .option('--fleet <name>', 'of one fleet only', asFleet)
    .option('--count <n>', 'how many, newest first', asCount, 20)
    .option('--json', 'print one JSON document', false)
    .action((options: { fleet?: FleetName; count: number; json: boolean }) =>
      withRedis(env, async (redis) => {
        report(await jobsCommand(redis(), options.fleet, options.count), options.json);
      }),
    );
  common(program.command('versions'))
    .description('the versions of a fleet that are kept')
    .action((options: Common) =>
      withRedis(env, async (redis) => {
        report(await versionsCommand(artifactsOf(env, options.fleet, redis)()), options.json);
      }),
    );
}

const artifactsOf = (env: NodeJS.ProcessEnv, fleet: FleetName, redis: () => Redis) => () =>
  createArtifactReader({ redis: redis(), fleet, sealer: createSealer(sealingKey(loadSettings(settings, env)), fleet) });

/** Connects when it is first needed, gives up soon, and always lets go. */
async function withRedis(env: NodeJS.ProcessEnv, use: (redis: () => Redis) => Promise<void>): Promise<void> {
  let open: Redis | undefined;
  const connect = (): Redis => {
    open ??= new Redis(loadSettings(settings, env).REDIS_URL.href, {
      maxRetriesPerRequest: 1,
      commandTimeout: 10_000,
      retryStrategy: (attempt) => (attempt > 3 ? null : 200),
    }).on('error', () => undefined);
    return open;
  };
  try {
    await use(connect);
  } finally {
    open?.disconnect();
  }
}
