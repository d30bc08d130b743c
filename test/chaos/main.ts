import { parseArgs } from 'node:util';
import { cleanUp } from '@flotilla/testkit';
import { campaign } from './campaign.ts';
import { known, parseScenario } from './scenario.ts';

const help = `npm run chaos -- [options]

Plays random faults on real processes: two watchers, two renderers, three nodes of two fleets, etcd and Redis, with
requests to every node all the time. After each round everything is healed, and every node must run what etcd says.

  --minutes N      how long (default 10)
  --seed N         the first seed (default: a random one, which is printed)
  --operations N   no more operations than these
  --tries N        how often a failure is played again to find the fewest operations (default 12; 0: not at all)
  --play TEXT      plays a scenario that a failure printed, and nothing else
  --quiet          says nothing of single operations

Ends with 1 when it found something.
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    seed: { type: 'string' },
    operations: { type: 'string', default: 'Infinity' },
    tries: { type: 'string', default: '12' },
    play: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
  const [minutes, operations, tries] = [Number(values.minutes), Number(values.operations), Number(values.tries)];
  if ([seed, minutes, operations, tries].some(Number.isNaN)) {
    process.stderr.write(`a number was expected\n\n${help}`);
    return 64;
  }
  say(`seed ${seed}`);
  if (known.length > 0) say(`not drawn, as they meet a known fault: ${known.join(', ')}`);
  const result = await campaign({
    ...{ seed, minutes, operations, tries, say },
    scenario: values.play === undefined ? undefined : parseScenario(values.play),
    tell: values.quiet ? () => undefined : say,
  });
  const counts = Object.entries(result.operations).sort(([, a], [, b]) => b - a);
  for (const [kind, count] of counts) say(`${String(count).padStart(6)} ${kind}`);
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  say(`${all} operations in ${result.rounds} rounds, ${result.requests} requests, ${result.failures} failures`);
  return result.failures > 0 ? 1 : 0;
}

let code = 1;
try {
  code = await main();
} finally {
  await cleanUp();
}
process.exit(code);
