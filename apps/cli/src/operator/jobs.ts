import type { FleetName, RenderResult } from '@flotilla/domain';
import { type RenderJob, createJobHistory } from '@flotilla/queue';
import type { Redis } from 'ioredis';
import { type Outcome, exitCodes } from '../outcome.ts';
import { ago, columns, count } from '../table.ts';

export const jobStates = [
  'waiting',
  'active',
  'delayed',
  'completed',
  'failed',
] as const satisfies RenderJob['state'][];

export interface JobsRequest {
  /** Of all fleets unless given. */
  readonly fleet?: FleetName | undefined;
  readonly state?: RenderJob['state'] | undefined;
  readonly count: number;
}

/** `flotilla jobs`: the job history, newest first. */
export async function jobsCommand(
  redis: Redis,
  request: JobsRequest,
  { width = Infinity, now = Date.now() }: { width?: number; now?: number } = {},
): Promise<Outcome> {
  const history = createJobHistory({ connection: redis });
  try {
    const jobs = await history.jobs({
      ...(request.fleet && { fleet: request.fleet }),
      ...(request.state && { states: [request.state] }),
      count: request.count,
    });
    return {
      code: exitCodes.ok,
      lines:
        jobs.length === 0
          ? ['no such job']
          : columns(
              ['JOB', 'FLEET', 'STATE', 'REVISION', 'VERSION', 'ADDED', 'TOOK', 'WHAT'],
              jobs.map((job) => rowOf(job, now)),
              { width, optional: ['TOOK', 'REVISION', 'VERSION'] },
            ),
      json: jobs,
    };
  } finally {
    await history.close();
  }
}

function rowOf(job: RenderJob, now: number): string[] {
  const { id, fleet, state, result, addedAt, startedAt, finishedAt } = job;
  const took = startedAt !== undefined && finishedAt !== undefined ? `${finishedAt - startedAt} ms` : '-';
  const orNone = (value: number | null | undefined): string => (value ? String(value) : '-');
  return [
    id,
    fleet,
    state,
    orNone((result ?? job.setback)?.revision),
    orNone(result?.version),
    ago(addedAt, now),
    took,
    whatOf(job),
  ];
}

/** What came of it and through which objects, or why it failed; each entry that was set aside on a line of its own. */
function whatOf({ result, setback, reason, attempts, state }: RenderJob): string {
  if (result)
    return [`${result.kind}${through(result)}`, ...result.problems.map((problem) => `set aside: ${problem}`)].join(
      '\n',
    );
  const what = reason ?? (state === 'delayed' ? `tried ${count(attempts, 'time')}, will be tried again` : '');
  return setback ? `${what}${through(setback)}` : what;
}

function through({ changes, changeCount }: Pick<RenderResult, 'changes' | 'changeCount'>): string {
  const objects = [...new Set(changes.map(({ object }) => object))];
  const listed = objects.slice(0, 3).join(', ');
  const more = changeCount - Math.min(3, objects.length);
  return listed === '' ? '' : ` (${listed}${objects.length > 3 ? ` and ${more} more` : ''})`;
}
