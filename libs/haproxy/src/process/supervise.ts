import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { reasonOf } from '@flotilla/domain';
import { haproxyEnvironment } from './environment.ts';
import { type MasterSocket, masterSocket } from './master-socket.ts';
import { foldersOf, isRefusal, wordsOf } from './messages.ts';
import type { OutputFile } from './output-file.ts';
import { type ProcessIdentity, findFamily, findMaster, identify, isAlive } from './process-identity.ts';
import type { Processes } from './processes.ts';

/**
 * Runs HAProxy in master-worker mode and keeps it running.
 *
 * HAProxy is a process of its own, not a part of the agent: it has its own session, writes to a file and lives on
 * when the agent is killed. So the first thing a supervisor does is to look for a master that already runs on its
 * master socket, and to take it over; only when there is none does it start one.
 *
 *     idle ──start──▶ starting ──answers──▶ running ──dies──▶ waiting (backoff) ──▶ starting …
 *                        └──ends──▶ idle (told to the caller of `start`), or waiting when it restarts by itself
 *     any ──stop──▶ stopped
 *
 * - `start` is called with files that are meant to run; when HAProxy refuses them the caller decides what to do.
 * - A HAProxy that dies by itself is started again from the same paths, however often that takes: what is on disk is
 *   what should run. The pause grows to 10 s and is short again after a run of 10 s.
 */
export interface Supervisor {
  readonly master: MasterSocket;
  /** Takes over a running HAProxy or starts one, and waits until its worker serves. */
  start(signal?: AbortSignal): Promise<StartResult>;
  /** The running master, none while it is down. */
  readonly running: ProcessIdentity | undefined;
  /** Times HAProxy died without being asked to. */
  readonly deaths: number;
  /** Has the master make its socket anew when that was removed; whether it was. */
  remakeSocket(): boolean;
  /** Soft stop: new connections are refused, those that are open may end until the deadline. Idempotent. */
  stop(graceMs: number): Promise<void>;
  /** Ends HAProxy at once, for a process that ends this very moment: nothing else happens until it is gone. */
  endNow(): void;
  /** Stops looking after HAProxy and leaves it running. */
  release(): Promise<void>;
}

export type StartResult =
  | { readonly kind: 'started' | 'adopted'; readonly processes: Processes }
  /** `words` are HAProxy's own. Unless it `refuses` the files itself, it may have been killed while it started. */
  | { readonly kind: 'failed'; readonly words: string; readonly refuses: boolean };

export interface SupervisorOptions {
  readonly binary: string;
  /** Stable paths of the configuration files, in the order of their `-f`. */
  readonly files: readonly string[];
  readonly masterSocket: string;
  readonly output: OutputFile;
  /** How long a start may take; a large configuration takes seconds to parse. */
  readonly startTimeoutMs: number;
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** Before HAProxy that died reads its files again. */
  readonly beforeRestart?: () => Promise<unknown>;
}

export type SupervisorEvent =
  | { readonly kind: 'died'; readonly pid: number; readonly words: string }
  | { readonly kind: 'restarted'; readonly processes: Processes }
  | { readonly kind: 'restart-failed'; readonly words: string; readonly retryMs: number };

const watchMs = 100;
const firstPauseMs = 100;
const longestPauseMs = 10_000;
const stableMs = 10_000;
const termGraceMs = 2_000;
const endNowMs = 1_000;
/** What is never told of, to wait for a time in the middle of an exit. */
const nothing = new Int32Array(new SharedArrayBuffer(4));
const firstRemakePauseMs = 2_000;

export function supervise(options: SupervisorOptions): Supervisor {
  const { binary, files, output, startTimeoutMs, onEvent = () => undefined, beforeRestart } = options;
  const master = masterSocket(options.masterSocket);
  const ending = new AbortController();
  let running: ProcessIdentity | undefined;
  let deaths = 0;
  let watching: Promise<void> | undefined;

  const words = (printed: string) => wordsOf(printed, foldersOf(files)) || 'haproxy ended and said nothing';

  /** From 3.1 on a worker is shown while it still reads its files. */
  const answers = (worker: number) =>
    master.askWorker(worker, 'show info', { timeoutMs: 500 }).then(
      (answer) => answer !== '',
      () => false,
    );

  /** Waits until a worker serves, or the master has ended. */
  const untilServing = async (process: ProcessIdentity, signal?: AbortSignal): Promise<Processes | undefined> => {
    const deadline = performance.now() + startTimeoutMs;
    while (isAlive(process) && performance.now() < deadline) {
      signal?.throwIfAborted();
      const processes = await master.processes({ timeoutMs: 500, signal }).catch(() => undefined);
      if (processes?.master.pid === process.pid && processes.worker && (await answers(processes.worker.pid))) {
        return processes;
      }
      await sleep(5);
    }
    return undefined;
  };

  /** One start at a time: the one that is asked for and the one after a death may meet. */
  let starting: Promise<unknown> = Promise.resolve();
  const startOnce = (signal?: AbortSignal): Promise<StartResult> => {
    const next = starting.then(() => takeOverOrStart(signal));
    starting = next.catch(() => undefined);
    return next;
  };

  /** When the master was last told to make its socket anew, and how long it may take before it is told again. */
  let remade: { readonly at: number; readonly pauseMs: number } | undefined;
  /** Somebody removed it. A master that reads its files again makes it anew, and nobody's connection ends by that. */
  const remakeSocket = (target: ProcessIdentity): boolean => {
    if (existsSync(master.path)) remade = undefined;
    else if (!remade || performance.now() - remade.at >= remade.pauseMs) {
      // It may have come and been removed again since.
      const pauseMs = remade ? Math.min(remade.pauseMs * 2, startTimeoutMs) : firstRemakePauseMs;
      remade = { at: performance.now(), pauseMs };
      mkdirSync(dirname(master.path), { recursive: true, mode: 0o700 });
      send(target, 'SIGUSR2');
      return true;
    }
    return false;
  };

  const takeOverOrStart = async (signal?: AbortSignal): Promise<StartResult> => {
    const found = findMaster(master.path);
    if (found) {
      remakeSocket(found);
      const processes = await untilServing(found, signal);
      running = processes ? found : undefined;
      if (processes) return { kind: 'adopted', processes };
      // It hangs, or was on its way out: nobody else may hold the ports when the new one starts.
      await end(found, master.path, 0);
    }
    const mark = await output.mark();
    const child = await spawnHaproxy(binary, files, master.path, output.fd);
    if ('failed' in child) return { kind: 'failed', words: child.failed, refuses: false };
    const process = identify(child.pid);
    const processes = process && (await untilServing(process, signal));
    if (!process || !processes) {
      if (process) await end(process, master.path, 0);
      const printed = await output.since(mark);
      return { kind: 'failed', words: words(printed), refuses: isRefusal(printed) };
    }
    running = process;
    return { kind: 'started', processes };
  };

  /** Looks after the running HAProxy until it is stopped or released. */
  const watch = async () => {
    let pauseMs = firstPauseMs;
    let since = performance.now();
    let mark = await output.mark();
    while (!ending.signal.aborted) {
      if (running && isAlive(running)) {
        await sleep(watchMs);
        continue;
      }
      if (running) {
        deaths++;
        const { pid } = running;
        running = undefined;
        onEvent({ kind: 'died', pid, words: words(await output.since(mark)) });
        if (performance.now() - since > stableMs) pauseMs = firstPauseMs;
      }
      await sleep(pauseMs, undefined, { signal: ending.signal });
      if (running) continue; // Started by a call of `start` in the meantime.
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      mark = await output.mark();
      since = performance.now();
      await beforeRestart?.().catch(() => undefined);
      const result = await startOnce(ending.signal).catch(failedToStart);
      if (result.kind === 'failed') onEvent({ kind: 'restart-failed', words: result.words, retryMs: pauseMs });
      else onEvent({ kind: 'restarted', processes: result.processes });
    }
  };

  const unwatch = async () => {
    ending.abort(new Error('the supervisor ends'));
    await watching;
  };

  return {
    master,
    get running() {
      return running && isAlive(running) ? running : undefined;
    },
    get deaths() {
      return deaths;
    },
    async start(signal) {
      const result = await startOnce(signal);
      if (result.kind !== 'failed') watching ??= watch().catch(ignoreAbort(ending.signal));
      return result;
    },
    remakeSocket: () => running !== undefined && remakeSocket(running),
    async stop(graceMs) {
      await unwatch();
      const last = running ?? findMaster(master.path);
      running = undefined;
      if (last) await end(last, master.path, graceMs);
      await output.drain();
    },
    endNow() {
      const last = running ?? findMaster(master.path);
      if (!last) return;
      // One that is frozen or stuck hears of nothing but SIGKILL, and nobody is left to send that afterwards.
      const family = findFamily(master.path);
      send(last, 'SIGTERM');
      const deadline = performance.now() + endNowMs;
      while (family.some(isAlive) && performance.now() < deadline) Atomics.wait(nothing, 0, 0, 10);
      for (const each of family) send(each, 'SIGKILL');
    },
    async release() {
      await unwatch();
      running = undefined;
    },
  };
}

/**
 * SIGUSR1 (soft stop) for the grace time, then SIGTERM (management guide, "Stopping and restarting"), then SIGKILL to
 * the master and to its workers: one that is frozen would not notice that its master is gone.
 */
async function end(target: ProcessIdentity, masterSocket: string, graceMs: number): Promise<void> {
  const steps: [NodeJS.Signals, number][] = [
    ...(graceMs > 0 ? [['SIGUSR1', graceMs] as [NodeJS.Signals, number]] : []),
    ['SIGTERM', termGraceMs],
    ['SIGKILL', termGraceMs],
  ];
  for (const [signal, waitMs] of steps) {
    if (!isAlive(target)) return;
    for (const each of signal === 'SIGKILL' ? findFamily(masterSocket) : [target]) send(each, signal);
    const deadline = performance.now() + waitMs;
    while (isAlive(target) && performance.now() < deadline) await sleep(10);
  }
}

/**
 * `-db` keeps a `daemon` of the user's configuration from moving HAProxy to the background under another pid.
 * A session of its own keeps a Ctrl-C in the agent's terminal from it: the agent stops it softly instead.
 */
function spawnHaproxy(
  binary: string,
  files: readonly string[],
  socket: string,
  outputFd: number,
): Promise<{ pid: number } | { failed: string }> {
  const child = spawn(binary, ['-W', '-db', '-S', socket, ...files.flatMap((file) => ['-f', file])], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', outputFd, outputFd],
    env: haproxyEnvironment(),
  });
  child.unref();
  return new Promise((resolve) => {
    child.once('spawn', () => {
      resolve(child.pid === undefined ? { failed: `${binary} has no process id` } : { pid: child.pid });
    });
    child.once('error', (error) => {
      resolve({ failed: `cannot run ${binary}: ${reasonOf(error)}; set FLOTILLA_HAPROXY to its path` });
    });
  });
}

function send(target: ProcessIdentity, signal: NodeJS.Signals): void {
  try {
    if (isAlive(target)) process.kill(target.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // It ended between the two.
  }
}

const failedToStart = (error: unknown): StartResult => ({
  kind: 'failed',
  words: reasonOf(error),
  refuses: false,
});

const ignoreAbort = (signal: AbortSignal) => (error: unknown) => {
  if (!signal.aborted) throw error;
};
