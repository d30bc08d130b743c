import { fleetName } from '@flotilla/domain';
import { createJobHistory } from '@flotilla/queue';
import { createNodeReports } from '@flotilla/runtime';
import type { BenchFleet } from './fleet.ts';
import { summarize } from './statistics.ts';

/** The median of each stage of the newest jobs, and of each step of the node's answers to them, in ms. */
export async function stageMedians({ redis }: BenchFleet, count: number): Promise<Record<string, number>> {
  const history = createJobHistory({ connection: redis });
  const jobs = await history.jobs({ states: ['completed'], count });
  await history.close();
  const answers = await createNodeReports({ redis, fleet: fleetName('lb') }).answers(count);
  return {
    ...medians(
      'renderer',
      jobs.flatMap(({ result }) => (result?.kind === 'published' ? [result.stagesMs] : [])),
    ),
    ...medians(
      'agent',
      answers.map(({ stepsMs }) => stepsMs),
    ),
  };
}

function medians(who: string, all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const names = [...new Set(all.flatMap((steps) => Object.keys(steps)))];
  return Object.fromEntries(
    names.map((name) => [`${who} ${name}`, summarize(all.flatMap((steps) => steps[name] ?? [])).p50]),
  );
}
