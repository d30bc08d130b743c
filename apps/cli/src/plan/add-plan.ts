import { loadSettings } from '@flotilla/runtime';
import type { Command } from 'commander';
import { settings } from '../config.ts';
import { findHaproxy } from '../offline/haproxy-check.ts';
import { artifactsOf } from '../operator/operator-commands.ts';
import { type CommandContext, type FleetOptions, withFleet } from '../options.ts';
import type { Outcome } from '../outcome.ts';
import { shown } from '../printable.ts';
import { withRedis } from '../redis.ts';
import { isVersion, readBundle } from './bundle-source.ts';
import { planCommand } from './plan-command.ts';

interface PlanOptions extends FleetOptions {
  readonly from: string;
  readonly to: string;
  readonly haproxyVersion?: string;
  readonly refuseReload: boolean;
}

/** What is planned for when no HAProxy is here to be asked. */
const oldestTested = '2.6';

export function addPlan(program: Command, context: CommandContext): void {
  const { env, report } = context;
  withFleet(program.command('plan'), context)
    .description('how a node gets from one version to another: runtime commands, or the line that forces a reload')
    .requiredOption('--from <version>', "a version's number, a release folder or a haproxy.cfg")
    .requiredOption('--to <version>', 'the same')
    .option('--haproxy-version <version>', `the node's HAProxy (default: the one here, or ${oldestTested})`)
    .option('--refuse-reload', 'exit with 1 when it takes a reload', false)
    .addHelpText('after', planHelp)
    .action(async (options: PlanOptions) => {
      report(shown(await planBetween(options, env)), options.json);
    });
}

async function planBetween(options: PlanOptions, env: NodeJS.ProcessEnv): Promise<Outcome> {
  const { from, to, fleet, refuseReload } = options;
  const version = options.haproxyVersion ?? (await versionHere(env));
  const plan = async (artifacts: Parameters<typeof readBundle>[1]): Promise<Outcome> =>
    planCommand({
      from: await readBundle(from, artifacts),
      to: await readBundle(to, artifacts),
      haproxyVersion: version,
      refuseReload,
    });
  if (!isVersion(from) && !isVersion(to)) return plan(() => Promise.reject(new Error('no version was asked for')));
  const { REDIS_URL: url } = loadSettings({ REDIS_URL: settings.REDIS_URL }, env);
  return withRedis(url, (redis) => plan(() => Promise.resolve(artifactsOf(env, fleet, redis))));
}

async function versionHere(env: NodeJS.ProcessEnv): Promise<string> {
  const { FLOTILLA_HAPROXY: binary } = loadSettings({ FLOTILLA_HAPROXY: settings.FLOTILLA_HAPROXY }, env);
  const found = await findHaproxy(binary);
  return 'version' in found ? found.version : oldestTested;
}

const planHelp = `
Between versions it reads Redis and needs FLOTILLA_KEY; between folders or files it needs neither.

Examples:
  flotilla plan --from 41 --to 42
  flotilla render --manifests before --out /tmp/a && flotilla render --manifests after --out /tmp/b
  flotilla plan --from /tmp/a --to /tmp/b --refuse-reload`;
