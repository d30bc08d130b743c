import { type Finding } from './oracle.ts';
import { type Played, play } from './play.ts';
import { type Scenario, drawScenario, formatScenario, sizeOf } from './scenario.ts';
import { shrink } from './shrink.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly minutes: number;
  /** No more operations than these in all. */
  readonly operations: number;
  /** How many times a failure may be played again to find the fewest operations. */
  readonly tries: number;
  /** This one is played, and none is drawn. */
  readonly scenario?: Scenario | undefined;
  readonly say: (line: string) => void;
  /** Every operation as it is done. */
  readonly tell: (line: string) => void;
}

export interface CampaignResult {
  readonly operations: Record<string, number>;
  readonly requests: number;
  readonly rounds: number;
  readonly failures: number;
}

const roundsOfAWorld = 30;

/** Plays one world after the other, each with the next seed, until the time or the operations are used up. */
export async function campaign(options: CampaignOptions): Promise<CampaignResult> {
  const { say, tell } = options;
  const end = performance.now() + options.minutes * 60_000;
  const total = { operations: {} as Record<string, number>, requests: 0, rounds: 0, failures: 0 };
  let left = options.operations;
  const isOver = (): boolean => performance.now() > end;
  for (let seed = options.seed; left > 0 && !isOver(); seed++) {
    const scenario = options.scenario ?? firstOf(drawScenario(seed, roundsOfAWorld), left);
    say(options.scenario ? 'world of a given scenario' : `world of seed ${seed}`);
    const played = await play(scenario, { say: tell, isOver });
    add(total, played);
    left -= sizeOf(scenario);
    say(`${played.rounds} rounds, ${sum(played.operations)} operations, ${played.requests} requests`);
    if (played.findings.length > 0) {
      total.failures++;
      const failed = scenario.slice(0, played.rounds);
      tellFailure(`seed ${seed}, round ${played.rounds}`, played.findings, failed, say);
      const kinds = new Set(played.findings.map(({ kind }) => kind));
      const attempt = async (part: Scenario): Promise<Played | undefined> => {
        if (isOver()) return undefined;
        const again = await play(part, { say: () => undefined });
        add(total, again);
        return again.findings.some(({ kind }) => kinds.has(kind)) ? again : undefined;
      };
      const fewest = await shrink(failed, attempt, options.tries);
      if (sizeOf(fewest) < sizeOf(failed)) say(`the fewest operations: ${sizeOf(fewest)}\n${replay(fewest)}`);
    }
    if (options.scenario) break;
  }
  return total;
}

export function tellFailure(
  where: string,
  findings: readonly Finding[],
  scenario: Scenario,
  say: (line: string) => void,
): void {
  say(`FOUND at ${where}:`);
  for (const { kind, text } of findings.slice(0, 12)) say(`  ${kind}: ${text}`);
  if (findings.length > 12) say(`  and ${findings.length - 12} more`);
  say(`its last round:\n${replay(scenario.slice(-1))}\nall of it:\n${replay(scenario)}`);
}

const replay = (scenario: Scenario): string => `  npm run chaos -- --play '${formatScenario(scenario)}'`;

const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((a, b) => a + b, 0);

function firstOf(scenario: Scenario, operations: number): Scenario {
  let left = operations;
  return scenario
    .map((round) => {
      const taken = round.slice(0, left);
      left -= taken.length;
      return taken;
    })
    .filter((round) => round.length > 0);
}

function add(total: { operations: Record<string, number>; requests: number; rounds: number }, played: Played): void {
  total.requests += played.requests;
  total.rounds += played.rounds;
  for (const [kind, count] of Object.entries(played.operations)) {
    total.operations[kind] = (total.operations[kind] ?? 0) + count;
  }
}
