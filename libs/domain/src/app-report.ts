import { parseJsonObject } from './json.ts';

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

/** A report as it stands in Redis, with Redis' time of its arrival; undefined for anything else. */
export function parseAppReport(text: string): { report: AppReport; seenAt: number } | undefined {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return undefined;
  // Those of another release have none.
  const { app, instance, fleets, trouble, fleetTrouble = {}, clockMs, seenAt } = parsed.value;
  const isWell =
    (app === 'watcher' || app === 'renderer') &&
    isInstance(instance) &&
    (fleets === null || isTexts(fleets)) &&
    isTexts(trouble) &&
    typeof fleetTrouble === 'object' &&
    fleetTrouble !== null &&
    isTexts(Object.values(fleetTrouble)) &&
    (clockMs === null || typeof clockMs === 'number') &&
    typeof seenAt === 'number';
  return isWell ? { report: { ...parsed.value, fleetTrouble } as unknown as AppReport, seenAt } : undefined;
}

export function isInstance(value: unknown): value is Instance {
  if (typeof value !== 'object' || value === null) return false;
  const { id, host, pid, version, since } = value as Partial<Record<keyof Instance, unknown>>;
  return typeof pid === 'number' && isTexts([id, host, version, since]) && !Number.isNaN(Date.parse(String(since)));
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');
