import { type ArtifactReader, createArtifactReader } from '@flotilla/artifact';
import { type FleetName, type Sealer, type WishKind, createSealer } from '@flotilla/domain';
import { loadSettings, sealingKey } from '@flotilla/runtime';
import type { Command } from 'commander';
import type { Redis } from 'ioredis';
import { settings } from '../config.ts';
import { type CommandContext, type FleetOptions, asCount, asFleet, asOneOf, withFleet, withJson } from '../options.ts';
import type { Outcome } from '../outcome.ts';
import { shown } from '../printable.ts';
import { withRedis } from '../redis.ts';
import { forgetCommand } from './forget.ts';
import { type JobsRequest, jobStates, jobsCommand } from './jobs.ts';
import { releaseCommand } from './release.ts';
import { statusCommand, statusOfAll } from './status.ts';
import { versionsCommand } from './versions.ts';
import { wishCommand } from './wish.ts';

/** The commands that ask a fleet's Redis. */
export function addOperatorCommands(program: Command, context: CommandContext): void {
  const { env, report, width } = context;
  const answer = async (json: boolean, ask: (redis: Redis) => Promise<Outcome>): Promise<void> => {
    const outcome = await withRedis(loadSettings({ REDIS_URL: settings.REDIS_URL }, env).REDIS_URL, ask);
    report(shown(outcome), json);
  };

  withFleet(program.command('status'), context)
    .description('whether all is well with a fleet, and where all that it takes stands: programs, inputs, nodes')
    .option('--all', 'a line for every fleet that Redis knows of', false)
    .addHelpText('after', statusHelp)
    .action(({ fleet, all, json }: FleetOptions & { all: boolean }) =>
      answer(json, (redis) => {
        const options = { width, artifactsOf: (name: FleetName) => artifactsOf(env, name, redis) };
        return all ? statusOfAll(redis, options) : statusCommand(redis, fleet, options);
      }),
    );
  withJson(program.command('jobs'))
    .description('the job history: what changed, which version came of it, or why it failed')
    .option('--fleet <name>', 'of one fleet only', asFleet)
    .option('--state <state>', `only jobs that are ${jobStates.join(', ')}`, asOneOf(jobStates))
    .option('--count <n>', 'how many, newest first', asCount, 20)
    .addHelpText('after', jobsHelp)
    .action(({ json, ...request }: JobsRequest & { json: boolean }) =>
      answer(json, (redis) => jobsCommand(redis, request, { width })),
    );
  withFleet(program.command('versions'), context)
    .description('the versions of a fleet that are kept, and which nodes run each')
    .action(({ fleet, json }: FleetOptions) =>
      answer(json, (redis) => versionsCommand(redis, fleet, artifactsOf(env, fleet, redis), { width })),
    );
  withFleet(program.command('forget'), context)
    .description('take a node off the list that will not come back')
    .argument('<node>', "the node's name, as status shows it")
    .action((node: string, { fleet, json }: FleetOptions) =>
      answer(json, (redis) => forgetCommand(redis, fleet, node)),
    );
  const wish = (kind: WishKind, node: string, { fleet, json }: FleetOptions): Promise<void> =>
    answer(json, (redis) => wishCommand(redis, { fleet, node, kind, sealer: sealerOf(env, fleet) }));
  withFleet(program.command('retry'), context)
    .description('try again now, on one node, what it refused and what it waits with')
    .argument('<node>', "the node's name, as status shows it")
    .option('--older', 'where Redis was set back: take the older version that it offers, whatever the node had', false)
    .addHelpText('after', retryHelp)
    .action((node: string, { older, ...options }: FleetOptions & { older: boolean }) =>
      wish(older ? 'older' : 'retry', node, options),
    );
  withFleet(program.command('reload'), context)
    .description('reload HAProxy of one node now, whatever puts reloads off')
    .argument('<node>', "the node's name, as status shows it")
    .addHelpText('after', reloadHelp)
    .action((node: string, options: FleetOptions) => wish('reload', node, options));
  withFleet(program.command('release'), context)
    .description('say that the store is right: end the hold of a fleet, and let go what was deleted and serves on')
    .addHelpText('after', releaseHelp)
    .action(({ fleet, json }: FleetOptions) => answer(json, (redis) => releaseCommand(redis, fleet)));
}

/** Throws `ConfigError` when there is no key. */
const sealerOf = (env: NodeJS.ProcessEnv, fleet: FleetName): Sealer =>
  createSealer(sealingKey(loadSettings(settings, env)), fleet);

/** Reads versions; the key is asked for when something sealed is opened, and not before. */
export function artifactsOf(env: NodeJS.ProcessEnv, fleet: FleetName, redis: Redis): ArtifactReader {
  const sealer = () => sealerOf(env, fleet);
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
  behind    it does not yet; WHY says since when, and what it waits for
  parked    it refused the newest version and runs the last good one; WHY has HAProxy's own words
  trouble   it cannot do its work, or another agent has its name; WHY says so
  silent    it has not been heard of for 15 seconds
A version in brackets is of an earlier life of the data in Redis. Ages are by Redis' clock.

Exit code 0 only when all is well: Redis takes writes, the queue is not paused, a watcher leads, a renderer is there, no
program is in trouble, the fleet is not held, no entry is set aside, the newest inputs are rendered, every node is
current, no two agents have one name, and no clock differs by 2 seconds or more. Else 1, and "NOT well" says what is
missing. With --all the worst fleet decides. Where the terminal is narrow, columns are left out; --json has everything.

A script waits for a change to be everywhere, whatever else is not well, with:
  until flotilla status --json | jq -e .isEverywhere > /dev/null; do sleep 1; done`;

const releaseHelp = `
A fleet is held while the store lacks what the fleet had, and a deleted certificate serves on for a while. This says
that it was meant: what the store says now counts, whether it is less or nothing. The watcher that leads obeys within
seconds. It is said of what is held back now; a later loss holds the fleet again.`;

const retryHelp = `
A version that a node refused stays parked there. When the cause was the node's (a port that something else held, a file
that was missing), mend it and say this: the node tries the version again. Whatever it pauses with is tried at once, too.

Where Redis came back with an older state, a node keeps its newer version until a watcher has written what the store says,
which takes a watcher seconds. With --older it does not wait, and takes what Redis offers.

It needs FLOTILLA_KEY, as an agent obeys only who has it, and exits with 1 when the agent does not take it.`;

const reloadHelp = `
HAProxy reads its files again, also when the last reload was just now or old workers have not ended. Nothing is dropped.
It needs FLOTILLA_KEY, as an agent obeys only who has it, and exits with 1 when the agent does not take it.`;

const jobsHelp = `
Examples:
  flotilla jobs --state failed --count 5
  flotilla jobs --fleet lb --json | jq '.[0].result.stagesMs'`;
