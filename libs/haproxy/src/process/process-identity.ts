import { readFileSync, readdirSync } from 'node:fs';

/** A process that cannot be taken for a later one with the same pid. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, field 22 of `/proc/<pid>/stat` (proc(5)). */
  readonly startTime: string;
}

interface Stat {
  readonly parent: number;
  readonly state: string;
  readonly startTime: string;
}

function statOf(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field is the name in parentheses and may hold anything; fields are counted behind it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: fields[19] ?? '' };
}

export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat && stat.state !== 'Z' ? { pid, startTime: stat.startTime } : undefined;
}

/** False for a zombie: it has ended, only nobody has asked for its exit code. */
export function isAlive({ pid, startTime }: ProcessIdentity): boolean {
  return identify(pid)?.startTime === startTime;
}

/**
 * The master of a HAProxy that was started with `-S <masterSocket>`, whoever started it. Workers carry the same
 * command line, so the master is the one whose parent does not. It is found while it parses and refuses connections
 * as well, and there is no pid file that could be stale or missing.
 */
export function findMaster(masterSocket: string): ProcessIdentity | undefined {
  const family = pidsOf(masterSocket);
  const master = family.find((pid) => !family.includes(statOf(pid)?.parent ?? 0));
  return master === undefined ? undefined : identify(master);
}

/** Every process of that HAProxy: its master, its workers, and workers that have outlived it. */
export const findFamily = (masterSocket: string): ProcessIdentity[] =>
  pidsOf(masterSocket).flatMap((pid) => identify(pid) ?? []);

const pidsOf = (masterSocket: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => hasMasterSocket(pid, masterSocket));

function hasMasterSocket(pid: number, masterSocket: string): boolean {
  let words: string[];
  try {
    words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return false;
  }
  return words.some((word, at) => word === '-S' && words[at + 1] === masterSocket);
}
