import { connect } from 'node:net';
import {
  type ConversationOptions,
  HaproxySocketError,
  type SocketAddress,
  connectOptions,
  converse,
} from '../socket/conversation.ts';
import type { SpareConnection } from './spare-connection.ts';

export interface ExchangeOptions extends ConversationOptions {
  /** A connection that may be open already. */
  readonly spare?: SpareConnection | undefined;
}

/**
 * One conversation over `spare`, where there is one; one that HAProxy has just ended unread is made up for by a new
 * connection. Throws `HaproxySocketError`, or the signal's reason.
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
