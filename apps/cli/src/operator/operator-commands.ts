import { type ArtifactReader, createArtifactReader } from '@flotilla/artifact';
import { type FleetName, createSealer } from '@flotilla/domain';
import { loadSettings, sealingKey } from '@flotilla/runtime';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { settings } from '../config.ts';
import { type CommandContext, type FleetOptions, asCount, asFleet, asOneOf, withFleet, withJson } from '../options.ts';
import type { Outcome } from '../outcome.ts';
import { withRedis } from '../redis.ts';
import { forgetCommand } from './forget.ts';
import { type JobsRequest, jobStates, jobsCommand } from './jobs.ts';
import { releaseCommand } from './release.ts';
import { statusCommand } from './status.ts';
import { versionsCommand } from './versions.ts';

/** The commands that ask a fleet's Redis. */
export function addOperatorCommands(program: Command, context: CommandContext): void {
  const { env, report } = context;
  const answer = async (json: boolean, ask: (redis: Redis) => Promise<Outcome>): Promise<void> => {
    report(await withRedis(loadSettings({ REDIS_URL: settings.REDIS_URL }, env).REDIS_URL, ask), json);
  };

  withFleet(program.command('status'), context)
    .description('where the watcher, the inputs, the artifact and every node of a fleet stand')
    .addHelpText('after', statusHelp)
    .action(({ fleet, json }: FleetOptions) =>
      answer(json, (redis) => statusCommand(redis, fleet, artifactsOf(env, fleet, redis))),
    );
  withJson(program.command('jobs'))
    .description('the job history: what changed, which version came of it, or why it failed')
    .option('--fleet <name>', 'of one fleet only', asFleet)
    .option('--state <state>', `only jobs that are ${jobStates.join(', ')}`, asOneOf(jobStates))
    .option('--count <n>', 'how many, newest first', asCount, 20)
    .addHelpText('after', jobsHelp)
    .action(({ json, ...request }: JobsRequest & { json: boolean }) =>
      answer(json, (redis) => jobsCommand(redis, request)),
    );
  withFleet(program.command('versions'), context)
    .description('the versions of a fleet that are kept, and which nodes run each')
    .action(({ fleet, json }: FleetOptions) =>
      answer(json, (redis) => versionsCommand(redis, fleet, artifactsOf(env, fleet, redis))),
    );
  withFleet(program.command('forget'), context)
    .description('take a node off the list that will not come back')
    .argument('<node>', "the node's name, as status shows it")
    .action((node: string, { fleet, json }: FleetOptions) =>
      answer(json, (redis) => forgetCommand(redis, fleet, node)),
    );
  withFleet(program.command('release'), context)
    .description('say that the store is right: end the hold of a fleet, and let go what was deleted and serves on')
    .addHelpText('after', releaseHelp)
    .action(({ fleet, json }: FleetOptions) => answer(json, (redis) => releaseCommand(redis, fleet)));
}

/** Reads versions; the key is asked for when something sealed is opened, and not before. */
export function artifactsOf(env: NodeJS.ProcessEnv, fleet: FleetName, redis: Redis): ArtifactReader {
  const sealer = () => createSealer(sealingKey(loadSettings(settings, env)), fleet);
  return createArtifactReader({
    redis,
    fleet,
    sealer: {
      seal: (content, purpose) => sealer().seal(content, purpose),
      open: (sealed, purpose) => sealer().open(sealed, purpose),
    },
  });
}

const statusHelp = `
A node is
  current   it runs the newest version
  behind    it does not yet
  parked    it refused the newest version and runs the last good one; WHY has HAProxy's own words
  trouble   it cannot do its work; WHY says so
  silent    it has not been heard of for 15 seconds
A version in brackets is of an earlier life of the data in Redis.

Exit code 0 when a watcher leads, the newest inputs are rendered and every node is current, else 1. So a script waits
for a change to be everywhere with:  until flotilla status > /dev/null; do sleep 1; done`;

const releaseHelp = `
A fleet is held while the store lacks what the fleet had, and a deleted certificate serves on for a while. This says
that it was meant: what the store says now counts, whether it is less or nothing. The watcher that leads obeys within
seconds. It is said of what is held back now; a later loss holds the fleet again.`;

const jobsHelp = `
Examples:
  flotilla jobs --state failed --count 5
  flotilla jobs --fleet lb --json | jq '.[0].result.stagesMs'`;
