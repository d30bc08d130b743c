import { FlotillaError } from '@flotilla/domain';

/** What the master says about itself and its workers. */
export interface Processes {
  readonly master: {
    readonly pid: number;
    /** Reloads so far, failed ones included. */
    readonly reloads: number;
    /** Failed reloads since the last one that succeeded; null where this version does not tell (2.4). */
    readonly failed: number | null;
    readonly version: string;
  };
  /** The worker that takes new connections; none while the very first one is being started. */
  readonly worker: Worker | null;
  /** Workers of former configurations that still have connections. */
  readonly oldWorkers: readonly Worker[];
}

export interface Worker {
  readonly pid: number;
  /** Reloads this worker has outlived. */
  readonly reloads: number;
}

/** Thrown when HAProxy answers something this version of Flotilla does not know. */
export class UnknownAnswerError extends FlotillaError {
  constructor(command: string, answer: string) {
    super('haproxy-answer', `haproxy answered "${command}" with something unknown: ${answer.slice(0, 200)}`, {
      data: { command },
    });
  }
}

// 2.5 and later: `<PID> <type> <reloads> <uptime> <version>`; before, `<relative PID>` stood after the type.
const header = /^#<PID>\s+<type>\s+(<relative PID>\s+)?<reloads>\s+<uptime>\s+<version>/;
const row =
  /^(?<pid>\d+)\s+(?<type>\S+)\s+(?<relative>(?:\d+|-|\[was: \d+\])\s+)?(?<reloads>\d+)(?:\s+\[failed: (?<failed>\d+)\])?\s+(?<uptime>\d+d\d+h\d+m\d+s)\s+(?<version>\S+)\s*$/;

/** Reads the answer to `show proc` (management guide, "Master CLI"), versions 2.2 to 3.4. Throws `UnknownAnswerError`. */
export function parseProcesses(answer: string): Processes {
  const unknown = () => new UnknownAnswerError('show proc', answer);
  const [first = '', ...lines] = answer.split('\n');
  if (!header.test(first)) throw unknown();

  let master: Processes['master'] | undefined;
  const workers: Worker[] = [];
  const oldWorkers: Worker[] = [];
  let group = '';
  for (const line of lines) {
    if (line.trim() === '') continue;
    if (line.startsWith('# ')) {
      group = line.slice(2).trim();
      continue;
    }
    if (group.endsWith('programs')) continue;
    const found = row.exec(line)?.groups;
    if (!found) throw unknown();
    const [pid, reloads] = [Number(found['pid']), Number(found['reloads'])];
    if (found['type'] === 'master') {
      const failed = found['failed'] === undefined ? null : Number(found['failed']);
      master = { pid, reloads, failed, version: found['version'] ?? '' };
    } else if (found['type'] === 'worker') {
      (group === 'old workers' ? oldWorkers : workers).push({ pid, reloads });
    }
  }
  if (!master || workers.length > 1) throw unknown();
  const [worker] = workers;
  if (worker || (master.failed ?? 0) === 0) return { master, worker: worker ?? null, oldWorkers };
  // From 3.1 on the worker that serves on after a failed reload stands among the old ones; it is the youngest of them.
  const [serving = null, ...others] = [...oldWorkers].sort((a, b) => a.reloads - b.reloads);
  return { master, worker: serving, oldWorkers: others };
}
