import { HaproxySocketError, type SocketAddress, describeAddress } from '../socket/conversation.ts';
import { exchange } from './exchange.ts';
import type { SpareConnection } from './spare-connection.ts';

export interface RuntimeSocketOptions {
  /** For one exchange; default 5,000 ms. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /**
   * The address is the master's socket, and this worker answers whichever is newer (management guide, 9.4). While a
   * reload runs the stats socket still belongs to the old worker, and what it is told is lost.
   */
  readonly worker?: number;
  /** Say `experimental-mode on` first: HAProxy 2.4 adds servers only then. */
  readonly experimental?: boolean;
  /** A connection opened ahead, for commands whose effect is read back. */
  readonly spare?: SpareConnection;
}

export interface AskOnce {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** It may go over the socket's spare connection: its effect will be read back over another one. */
  readonly readBack?: boolean;
}

/** HAProxy's runtime API (management guide, 9.3 "Unix Socket commands"). Every call has a connection of its own. */
export interface RuntimeSocket {
  readonly where: string;
  /** One command, with its payload if it takes one; the answer without the empty line at its end. */
  ask(command: string, payload?: string, options?: AskOnce): Promise<string>;
  /** Many commands without payload over one connection, answered in their order. */
  askAll(commands: readonly string[], options?: AskOnce): Promise<string[]>;
}

const defaultTimeoutMs = 5_000;
/** Enough to make the connection's cost vanish, few enough for one deadline. */
const batchSize = 500;
/** In interactive mode an answer is followed by a prompt on a line of its own, so answers cannot be mistaken. */
const prompt = /(?:^|\n)(?:master|\d+)?> /;

/** The master's answer when the worker that was addressed has ended. */
const noTarget = /(?:^|\n|> )Can't find the target/;

export function runtimeSocket(address: SocketAddress, options: RuntimeSocketOptions = {}): RuntimeSocket {
  const { worker } = options;
  const prefix = worker === undefined ? '' : `@!${worker} `;
  const where = describeAddress(address);
  const send = (text: string, about: string, once: AskOnce = {}) =>
    exchange(address, text, {
      about,
      timeoutMs: once.timeoutMs ?? options.timeoutMs ?? defaultTimeoutMs,
      signal: anySignal(options.signal, once.signal),
      spare: once.readBack ? options.spare : undefined,
    });

  const ask = async (command: string, payload?: string, once?: AskOnce): Promise<string> => {
    const text = payload === undefined ? `${prefix}${command}\n` : `${prefix}${command} <<\n${payload}\n\n`;
    return readAnswer(await send(text, command, once), command, where);
  };

  const batch = async (commands: readonly string[], once?: AskOnce): Promise<string[]> => {
    const first = options.experimental ? ['experimental-mode on'] : [];
    const all = [...first, ...commands];
    const text = ['prompt', ...all.map((command) => `${prefix}${command}`), 'quit', ''].join('\n');
    const answers = await send(text, commands[0] ?? '', once);
    // Before the first prompt: nothing; after the last one: the end.
    const parts = answers.split(prompt).slice(1, -1);
    if (parts.length !== all.length && noTarget.test(answers)) throw workerGone(commands[0] ?? '');
    if (parts.length !== all.length)
      throw new HaproxySocketError(
        'socket-failed',
        `haproxy gave ${parts.length} answers to ${all.length} commands on ${where}, beginning with "${commands[0] ?? ''}"`,
      );
    return parts.slice(first.length).map((part, at) => checked(part, commands[at] ?? ''));
  };

  return {
    where,
    ask,
    async askAll(commands, once) {
      const answers: string[] = [];
      for (let at = 0; at < commands.length; at += batchSize)
        answers.push(...(await batch(commands.slice(at, at + batchSize), once)));
      return answers;
    },
  };
}

const workerGone = (command: string): HaproxySocketError =>
  new HaproxySocketError('worker-gone', `haproxy's worker is gone, "${command}" was not carried out`);

function readAnswer(answer: string, command: string, where: string): string {
  if (answer === '')
    throw new HaproxySocketError('socket-refused', `haproxy closed ${where} without an answer to "${command}"`);
  return checked(answer, command);
}

function checked(answer: string, command: string): string {
  const text = answer.replace(/\n+$/, '');
  if (noTarget.test(text)) throw workerGone(command);
  return text;
}

function anySignal(...signals: (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = signals.filter((signal) => signal !== undefined);
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}
