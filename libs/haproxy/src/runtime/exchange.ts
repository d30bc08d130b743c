import { connect, type NetConnectOpts } from 'node:net';
import { reasonOf } from '@flotilla/domain';
import { HaproxySocketError } from '../process/master-socket.ts';

/** Where HAProxy's socket is: a path, or host and port. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ExchangeOptions {
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is asked, for messages: never a payload. */
  readonly about: string;
}

const refusals = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

export const describeAddress = (address: SocketAddress): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;

/**
 * Sends bytes, half closes (HAProxy ends the connection when it has answered) and gives everything that came back.
 * Throws `HaproxySocketError`, or the signal's reason.
 */
export function exchange(address: SocketAddress, text: string, options: ExchangeOptions): Promise<string> {
  const { timeoutMs, signal, about } = options;
  const where = describeAddress(address);
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const chunks: Buffer[] = [];
    const target: NetConnectOpts = 'path' in address ? { path: address.path } : { ...address };
    const socket = connect(target);
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
    const timer = setTimeout(() => {
      fail(
        new HaproxySocketError('socket-timeout', `haproxy did not answer "${about}" on ${where} in ${timeoutMs} ms`),
      );
    }, timeoutMs);
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('connect', () => socket.end(text));
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
