import type { NetConnectOpts, Socket } from 'node:net';
import { FlotillaError, reasonOf } from '@flotilla/domain';

/** Where HAProxy's socket is: a path, or host and port. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export const describeAddress = (address: SocketAddress): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;

export const connectOptions = (address: SocketAddress): NetConnectOpts =>
  'path' in address ? { path: address.path } : { ...address };

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

export interface ConversationOptions {
  /** For the whole conversation. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is asked, for messages: never a payload. */
  readonly about: string;
}

const refusals = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

/**
 * Sends bytes, half closes (HAProxy ends the connection when it has answered) and gives everything that came back.
 * Throws `HaproxySocketError`, or the signal's reason.
 */
export function converse(
  socket: Socket,
  address: SocketAddress,
  text: string,
  { timeoutMs, signal, about }: ConversationOptions,
): Promise<string> {
  const where = describeAddress(address);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.destroy();
    };
    const fail = (error: unknown) => {
      settle();
      reject(error);
    };
    const abort = () => {
      fail(signal?.reason);
    };
    const timer = setTimeout(() => {
      fail(
        new HaproxySocketError('socket-timeout', `haproxy did not answer "${about}" on ${where} in ${timeoutMs} ms`),
      );
    }, timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    socket.end(text);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const code = refusals.has(cause.code ?? '') ? 'socket-refused' : 'socket-failed';
      fail(new HaproxySocketError(code, `cannot ask haproxy on ${where}: ${reasonOf(cause)}`, cause));
    });
    socket.once('end', () => {
      settle();
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
  });
}
