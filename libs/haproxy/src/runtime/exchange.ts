import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { reasonOf } from '@flotilla/domain';
import { HaproxySocketError } from '../process/master-socket.ts';
import type { SpareConnection } from './spare-connection.ts';

/** Where HAProxy's socket is: a path, or host and port. */
export type SocketAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ExchangeOptions {
  /** For the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** What is asked, for messages: never a payload. */
  readonly about: string;
  /** A connection that may be open already. */
  readonly spare?: SpareConnection | undefined;
}

const refusals = new Set(['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EAGAIN']);

export const describeAddress = (address: SocketAddress): string =>
  'path' in address ? address.path : `${address.host}:${address.port}`;

export const connectOptions = (address: SocketAddress): NetConnectOpts =>
  'path' in address ? { path: address.path } : { ...address };

/**
 * Sends bytes, half closes (HAProxy ends the connection when it has answered) and gives everything that came back.
 * With `spare` it goes over that connection; one that HAProxy has just ended unread is made up for by a new one.
 * Throws `HaproxySocketError`, or the signal's reason.
 */
export async function exchange(address: SocketAddress, text: string, options: ExchangeOptions): Promise<string> {
  options.signal?.throwIfAborted();
  const spare = options.spare?.take();
  if (spare) {
    try {
      const answer = await converse(spare, address, text, options);
      if (answer !== '') return answer;
    } catch (error) {
      if (!(error instanceof HaproxySocketError && error.refused)) throw error;
    }
    options.signal?.throwIfAborted();
  }
  return converse(connect(connectOptions(address)), address, text, options);
}

function converse(socket: Socket, address: SocketAddress, text: string, options: ExchangeOptions): Promise<string> {
  const { timeoutMs, signal, about } = options;
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
