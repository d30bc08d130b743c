import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { HaproxySocketError, converse } from '../socket/conversation.ts';
import { type Processes, parseProcesses } from './processes.ts';

export interface AskOptions {
  /** Default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The master CLI (management guide, section 9.4 "Master CLI"). Each command has a connection of its own. */
export interface MasterSocket {
  readonly path: string;
  /** One command to the master itself. */
  ask(command: string, options?: AskOptions): Promise<string>;
  /** `show proc`; waits out the time in which a master that parses refuses connections. */
  processes(options?: AskOptions): Promise<Processes>;
  /** One command to one worker (`@!<pid>`), whichever worker answers on the stats socket meanwhile. */
  askWorker(pid: number, command: string, options?: AskOptions): Promise<string>;
}

const defaultTimeoutMs = 5_000;
const retryMs = 5;
const noWorker = /^Can't find the target/i;

export function masterSocket(path: string): MasterSocket {
  const ask = (command: string, options?: AskOptions) => askSocket(path, command, options);
  return {
    path,
    ask,
    processes: (options) =>
      untilAnswered(async (left) => parseProcesses(await ask('show proc', { ...options, timeoutMs: left })), options),
    async askWorker(pid, command, options) {
      const answer = await ask(`@!${pid} ${command}`, options);
      if (noWorker.test(answer))
        throw new HaproxySocketError('worker-gone', `haproxy's worker ${pid} is gone: ${answer}`);
      return answer;
    },
  };
}

/** Asks again while the socket refuses, until the deadline. */
async function untilAnswered<T>(ask: (leftMs: number) => Promise<T>, options: AskOptions = {}): Promise<T> {
  const deadline = performance.now() + (options.timeoutMs ?? defaultTimeoutMs);
  for (;;) {
    try {
      return await ask(Math.max(1, deadline - performance.now()));
    } catch (error) {
      const retry = error instanceof HaproxySocketError && error.refused && performance.now() < deadline;
      if (!retry) throw error;
    }
    await sleep(retryMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/**
 * Sends one command to a unix socket of HAProxy and gives the whole answer, without the empty line at its end.
 * A connection that ends without a byte counts as refused, except for `reload`: a master before 2.7 answers it so.
 */
export async function askSocket(path: string, command: string, options: AskOptions = {}): Promise<string> {
  const { timeoutMs = defaultTimeoutMs, signal } = options;
  signal?.throwIfAborted();
  const about = command.split('\n', 1)[0] ?? command;
  const answer = await converse(connect(path), { path }, `${command}\n`, { timeoutMs, signal, about });
  if (answer === '' && about !== 'reload')
    throw new HaproxySocketError('socket-refused', `haproxy closed ${path} without an answer to "${about}"`);
  return answer.trimEnd();
}
