import { type FleetName, parseInputField } from '@flotilla/domain';
import { requestRelease } from '@flotilla/inputs';
import type { Redis } from 'ioredis';
import { NoInputError } from '../failure.ts';
import { type Outcome, exitCodes } from '../outcome.ts';

/** `flotilla release`: what the store says counts, although it lacks something that the fleet had. */
export async function releaseCommand(redis: Redis, fleet: FleetName): Promise<Outcome> {
  const { hold, missing } = await requestRelease(redis, fleet);
  if (!hold && missing.size === 0) throw new NoInputError(`nothing of fleet ${fleet} is held back`);
  const deleted = [...missing.keys()].map(wordsOf);
  return {
    code: exitCodes.ok,
    lines: [
      ...(hold ? [`released fleet ${fleet}, held since ${hold.since}`] : []),
      ...deleted.map((what) => `let go: ${what}`),
      'the watcher that leads obeys within seconds',
    ],
    json: { fleet, hold: hold ?? null, deleted },
  };
}

function wordsOf(field: string): string {
  const [part, name] = parseInputField(field).names;
  return part === 'certificate' && name !== undefined ? `certificate ${name}` : 'all services';
}
