import { setTimeout as sleep } from 'node:timers/promises';
import { HaproxySocketError } from '../socket/conversation.ts';
import { type MasterSocket } from './master-socket.ts';
import { identify, isAlive } from './process-identity.ts';
import type { Processes } from './processes.ts';
import { UnknownAnswerError } from './processes.ts';

export type ReloadResult =
  | { readonly kind: 'reloaded'; readonly worker: number; readonly processes: Processes }
  /** The old worker keeps serving. `words` is HAProxy's log where this version sends it (2.7 and later). */
  | { readonly kind: 'failed'; readonly words: string; readonly processes: Processes };

export interface ReloadOptions {
  /** For the whole reload; a large configuration takes seconds to parse. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const retryMs = 5;
/** How long a look may take before it is asked whether the master is still there. */
const lookMs = 500;
/** The answer of 3.1 and later while another reload runs. */
const busy = /another reload is still in progress/i;

/**
 * Reloads through the master socket and proves the outcome.
 *
 * Before 2.7 `reload` answers nothing, and a master that failed looks alive; so the proof is in `show proc`:
 * one more reload, none failed, and a worker with a pid that was not there before. From 2.7 on the answer begins with
 * `Success=0|1` and holds the log, which must agree. Throws `HaproxySocketError` when the outcome stays unknown.
 */
export async function reload(master: MasterSocket, options: ReloadOptions): Promise<ReloadResult> {
  const { timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  const left = () => Math.max(1, deadline - performance.now());
  const before = await master.processes({ timeoutMs: left(), signal });
  // Undefined when it runs in another container.
  const process = identify(before.master.pid);
  const answer = await askReload(master, left, signal);
  for (;;) {
    const now = await stateSoon(master, Math.min(left(), lookMs), signal);
    if (now ? now.master.pid !== before.master.pid : process && !isAlive(process))
      throw new HaproxySocketError('socket-failed', 'haproxy ended while it reloaded');
    if (now && now.master.reloads > before.master.reloads) return judge(before, now, answer);
    if (performance.now() >= deadline)
      throw new HaproxySocketError('socket-timeout', `haproxy did not reload in ${timeoutMs} ms`);
    await sleep(retryMs, undefined, signal ? { signal } : {});
  }
}

/** Undefined while the master parses, is busy, or is gone. */
async function stateSoon(
  master: MasterSocket,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Processes | undefined> {
  try {
    return await master.processes({ timeoutMs, signal });
  } catch (error) {
    if (error instanceof HaproxySocketError) return undefined;
    throw error;
  }
}

export interface ReloadAnswer {
  readonly success: boolean | null;
  readonly log: string;
}

/** Reads the answer to `reload`: nothing before 2.7, then `Success=0|1`, `--` and the log. */
export function parseReloadAnswer(answer: string): ReloadAnswer {
  const text = answer.trim();
  if (text === '') return { success: null, log: '' };
  const match = /^Success=([01])\n?(?:--\n?)?([\s\S]*)$/.exec(text);
  if (!match) throw new UnknownAnswerError('reload', answer);
  return { success: match[1] === '1', log: match[2] ?? '' };
}

async function askReload(master: MasterSocket, left: () => number, signal?: AbortSignal): Promise<ReloadAnswer> {
  for (;;) {
    const answer = await master.ask('reload', { timeoutMs: left(), signal }).catch((error: unknown) => {
      // It executes itself again at once and may reset the connection instead of closing it.
      if (error instanceof HaproxySocketError && error.refused) return '';
      throw error;
    });
    if (!busy.test(answer)) return parseReloadAnswer(answer);
    await sleep(Math.min(100, left()), undefined, signal ? { signal } : {});
  }
}

/** Pure: what the two states and the answer prove. */
export function judge(before: Processes, after: Processes, answer: ReloadAnswer): ReloadResult {
  const known = new Set([before.worker, ...before.oldWorkers].map((worker) => worker?.pid));
  const fresh = after.worker !== null && !known.has(after.worker.pid);
  const failed = (after.master.failed ?? 0) > 0 || answer.success === false || !fresh;
  return failed || after.worker === null
    ? { kind: 'failed', words: answer.log, processes: after }
    : { kind: 'reloaded', worker: after.worker.pid, processes: after };
}
