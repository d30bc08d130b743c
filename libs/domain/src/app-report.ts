import { z } from 'zod';
import { parseAs, timeSchema } from './schema.ts';

/** One process of Flotilla, from its start to its end. */
export interface Instance {
  /** `<host>/<process>/<random>`: no other process has it. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** Flotilla's. */
  readonly version: string;
  /** When it started, ISO 8601. */
  readonly since: string;
}

/** What a watcher or renderer says of itself every few seconds. Agents do so in their node's status. */
export interface AppReport {
  readonly app: 'watcher' | 'renderer';
  readonly instance: Instance;
  /** The fleets it serves; null for all that there are. */
  readonly fleets: readonly string[] | null;
  /** What its `/readyz` finds wrong, `<check>: <why>`; empty while all is well. */
  readonly trouble: readonly string[];
  /** What it cannot do for one fleet, by that fleet: the others have no part in it. */
  readonly fleetTrouble: Readonly<Record<string, string>>;
  /** How far its clock is ahead of Redis', in ms; null while that is not known. */
  readonly clockMs: number | null;
}

/** How often each process reports, and after how long without a report it does not count any more. */
export const reportEveryMs = 5_000;
export const silentAfterMs = 3 * reportEveryMs;

export const instanceSchema = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number(),
  version: z.string(),
  since: timeSchema,
});

const reportSchema = z.object({
  app: z.enum(['watcher', 'renderer']),
  instance: instanceSchema,
  fleets: z.array(z.string()).nullable(),
  trouble: z.array(z.string()),
  // Those of another release have none.
  fleetTrouble: z.record(z.string(), z.string()).default({}),
  clockMs: z.number().nullable(),
  seenAt: z.number(),
});

/** A report as it stands in Redis, with Redis' time of its arrival; undefined for anything else. */
export function parseAppReport(text: string): { report: AppReport; seenAt: number } | undefined {
  const read = parseAs(reportSchema, text);
  if (!read) return undefined;
  const { seenAt, ...report } = read;
  return { report, seenAt };
}
