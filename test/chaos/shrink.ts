import type { Played } from './play.ts';
import { type Scenario, sizeOf } from './scenario.ts';

/** Plays a part of what failed; undefined when it does not show what is looked for. */
type Try = (scenario: Scenario) => Promise<Played | undefined>;

/**
 * The fewest operations that still fail, by delta debugging: first without the rounds before, then without ever smaller
 * parts of what is left. Processes are not played twice in the same order, so this is a search with a bounded number of
 * tries and no proof; what it gives has failed at least once.
 */
export async function shrink(failed: Scenario, attempt: Try, mostTries: number): Promise<Scenario> {
  let best = failed;
  let tries = 0;
  const fails = async (scenario: Scenario): Promise<boolean> => {
    if (tries >= mostTries || sizeOf(scenario) === 0) return false;
    tries++;
    const played = await attempt(scenario);
    if (played === undefined) return false;
    best = scenario.slice(0, played.rounds);
    return true;
  };
  for (const last of [1, 2, 4]) {
    if (last < failed.length && (await fails(failed.slice(-last)))) break;
  }
  for (let parts = 2; sizeOf(best) > 1 && tries < mostTries;) {
    const size = sizeOf(best);
    const chunk = Math.ceil(size / parts);
    let isSmaller = false;
    for (let from = 0; from < size && !isSmaller; from += chunk)
      isSmaller = await fails(without(best, from, from + chunk));
    if (isSmaller) parts = Math.max(2, parts - 1);
    else if (chunk === 1) break;
    else parts = Math.min(size, parts * 2);
  }
  return best;
}

/** The rounds without the operations of these numbers, counted through all rounds. */
export function without(scenario: Scenario, from: number, to: number): Scenario {
  let at = 0;
  return scenario
    .map((round) =>
      round.filter(() => {
        const isOut = at >= from && at < to;
        at++;
        return !isOut;
      }),
    )
    .filter((round) => round.length > 0);
}
