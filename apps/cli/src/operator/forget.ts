import { createNodeReports } from '@flotilla/artifact';
import type { FleetName } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { NoInputError } from '../failure.ts';
import { type Outcome, exitCodes } from '../outcome.ts';

/** `flotilla forget`: takes a node off the list that will not come back; one that does is on it again. */
export async function forgetCommand(redis: Redis, fleet: FleetName, node: string): Promise<Outcome> {
  const reports = createNodeReports({ redis, fleet });
  const known = (await reports.nodes()).map((status) => status.node);
  if (!known.includes(node)) {
    throw new NoInputError(`fleet ${fleet} has no node "${node}"; it has: ${known.join(', ') || 'none'}`);
  }
  await reports.forget(node);
  return { code: exitCodes.ok, lines: [`forgot node ${node} of fleet ${fleet}`], json: { fleet, forgotten: node } };
}
