import { type Socket, connect } from 'node:net';
import { type SocketAddress, connectOptions } from '../socket/conversation.ts';

/** A connection that HAProxy ended sooner is not replaced until the next use: it takes none, or only short ones. */
const shortestLifeMs = 1_000;
/** After a use: what waits for HAProxy's answer comes first. */
const replaceAfterMs = 50;

/**
 * One connection to HAProxy's stats socket that is opened before it is needed: connecting takes longer than a command.
 * Each is used once. HAProxy ends an idle one after its `stats timeout` (10 s by default), and another takes its place.
 *
 * It leads to the worker that had the socket when it was opened. So it is for commands whose effect is read back over a
 * connection of its own, and it has to be closed after a reload: an old worker stays as long as it is open.
 */
export class SpareConnection {
  readonly #address: SocketAddress;
  #socket: Socket | undefined;
  #replacing: NodeJS.Timeout | undefined;

  constructor(address: SocketAddress) {
    this.#address = address;
  }

  /** Opens one unless it is there. */
  open(): void {
    if (this.#socket || this.#replacing) return;
    const openedAt = performance.now();
    const socket = connect(connectOptions(this.#address)).unref();
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (performance.now() - openedAt > shortestLifeMs) this.open();
    });
    // Nothing comes unasked, but the end of the connection is only noticed by one who reads.
    socket.resume();
  }

  /** The connection, maybe still being made, if there is one; the taker owns it. */
  take(): Socket | undefined {
    const socket = this.#socket;
    if (!socket || socket.destroyed || socket.readableEnded) return undefined;
    this.#socket = undefined;
    this.#replacing = setTimeout(() => {
      this.#replacing = undefined;
      this.open();
    }, replaceAfterMs).unref();
    return socket.ref();
  }

  /** Gives the connection up; `open` begins anew. */
  close(): void {
    clearTimeout(this.#replacing);
    this.#replacing = undefined;
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
