import type { FleetName } from '@flotilla/domain';
import { type RenderJob, createJobHistory } from '@flotilla/queue';
import type { Redis } from 'ioredis';
import { type Outcome, columns, exitCodes } from '../outcome.ts';

/** `flotilla jobs`: the job history, newest first. */
export async function jobsCommand(redis: Redis, fleet: FleetName | undefined, count: number): Promise<Outcome> {
  const history = createJobHistory({ connection: redis });
  try {
    const jobs = await history.jobs({ ...(fleet && { fleet }), count });
    return {
      code: exitCodes.ok,
      lines: columns(['JOB', 'FLEET', 'STATE', 'VERSION', 'TOOK', 'WHAT'], jobs.map(rowOf)),
      json: jobs,
    };
  } finally {
    await history.close();
  }
}

function rowOf({ id, fleet, state, result, reason, startedAt, finishedAt }: RenderJob): string[] {
  const took = startedAt !== undefined && finishedAt !== undefined ? `${finishedAt - startedAt} ms` : '-';
  const changes = result?.changes.map(({ object }) => object) ?? [];
  const more = result && result.changeCount > 3 ? ` and ${result.changeCount - 3} more` : '';
  const what = reason ?? `${result?.kind ?? ''} ${changes.slice(0, 3).join(', ')}${more}`.trim();
  return [id, fleet, state, result?.version ? String(result.version) : '-', took, what.split('\n', 1)[0] ?? ''];
}
