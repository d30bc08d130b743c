import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlotillaError, reasonOf } from '@flotilla/domain';
import { type Processes, parseProcesses } from './processes.ts';

/**
 * Thrown when a socket of HAProxy cannot be asked. `refused` is what a master does while it starts or parses a new
 * configuration: ask again. `gone` means that the addressed worker has left.
 */
export class HaproxySocketError extends FlotillaError {
  readonly refused: boolean;

  constructor(
    code: 'socket-refused' | 'socket-timeout' | 'worker-gone' | 'socket-failed',
    message: string,
    cause?: unknown,
  ) {
    super(code, message, { cause });
    this.refused = code === 'socket-refused';
  }
}

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

const refusals = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

/**
 * Sends one command to a unix socket of HAProxy and gives the whole answer, without the empty line at its end.
 * The connection is half closed after the command, so HAProxy ends it after the answer.
 * A connection that ends without a byte counts as refused, except for `reload`: a master before 2.7 answers it so.
 */
export function askSocket(path: string, command: string, options: AskOptions = {}): Promise<string> {
  const { timeoutMs = defaultTimeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const chunks: Buffer[] = [];
    const socket = connect(path);
    const name = command.split('\n', 1)[0] ?? command;
    const timer = setTimeout(() => {
      fail(new HaproxySocketError('socket-timeout', `haproxy did not answer "${name}" on ${path} in ${timeoutMs} ms`));
    }, timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
    };
    const fail = (error: unknown) => {
      settle();
      reject(error as Error);
    };
    const abort = () => {
      fail(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => socket.end(`${command}\n`));
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const code = refusals.has(cause.code ?? '') ? 'socket-refused' : 'socket-failed';
      fail(new HaproxySocketError(code, `cannot ask haproxy on ${path}: ${reasonOf(cause)}`, cause));
    });
    socket.once('end', () => {
      settle();
      if (chunks.length === 0 && name !== 'reload')
        reject(new HaproxySocketError('socket-refused', `haproxy closed ${path} without an answer to "${name}"`));
      else resolve(Buffer.concat(chunks).toString('utf8').trimEnd());
    });
  });
}
