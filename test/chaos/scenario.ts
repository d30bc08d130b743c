/** Rounds of operations, drawn from a seed or read from the text that a failure prints. */
import { clusterOperations } from './cluster-operations.ts';
import { nodeOperations } from './node-operations.ts';
import type { Kind, Operation } from './operation.ts';
import { processOperations } from './process-operations.ts';
import { Random } from './random.ts';

export type Scenario = readonly (readonly Operation[])[];

export const kinds: Readonly<Record<string, Kind>> = { ...clusterOperations, ...processOperations, ...nodeOperations };

/** Kinds that meet a fault of Flotilla that is known and open: not drawn. Empty when all is mended. */
export const known: readonly string[] = [];

const mostInRound = 9;

export function drawScenario(seed: number, rounds: number): Scenario {
  const random = new Random(seed);
  const names = Object.keys(kinds).filter((name) => !known.includes(name));
  const tickets = names.flatMap((name) => Array.from({ length: kinds[name]?.weight ?? 0 }, () => name));
  return Array.from({ length: rounds }, () =>
    Array.from({ length: 2 + random.below(mostInRound - 1) }, () => ({
      kind: random.pick(tickets) as string,
      seed: random.below(1_000_000),
      pauseMs: random.chance(0.5) ? 0 : random.below(1_000),
    })),
  );
}

export const formatScenario = (scenario: Scenario): string =>
  scenario.map((round) => round.map(({ kind, seed, pauseMs }) => `${kind}:${seed}:${pauseMs}`).join()).join('|');

export const parseScenario = (text: string): Scenario =>
  text.split('|').map((round) =>
    round
      .split(',')
      .filter(Boolean)
      .map((word) => {
        const [kind = '', seed, pauseMs] = word.split(':');
        if (!(kind in kinds)) throw new Error(`there is no operation "${kind}"`);
        return { kind, seed: Number(seed), pauseMs: Number(pauseMs) };
      }),
  );

export const sizeOf = (scenario: Scenario): number => scenario.reduce((sum, round) => sum + round.length, 0);
