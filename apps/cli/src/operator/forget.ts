import type { FleetName } from '@flotilla/domain';
import { createNodeReports } from '@flotilla/runtime';
import type { Redis } from 'ioredis';
import { NoInputError } from '../failure.ts';
import { type Outcome, exitCodes } from '../outcome.ts';

/** `flotilla forget`: takes a node off the list that will not come back; one that does is on it again. */
export async function forgetCommand(redis: Redis, fleet: FleetName, node: string): Promise<Outcome> {
  const reports = createNodeReports({ redis, fleet });
  const { nodes, odd } = await reports.read();
  const names = nodes.map((status) => status.node);
  if (![...names, ...odd].includes(node)) {
    // What stands there without being a report may have any name.
    const known = [...names, ...odd.map((name) => JSON.stringify(name))].join(', ') || 'none';
    throw new NoInputError(`fleet ${fleet} has no node "${node}"; it has: ${known}`);
  }
  await reports.forget(node);
  return { code: exitCodes.ok, lines: [`forgot node ${node} of fleet ${fleet}`], json: { fleet, forgotten: node } };
}
