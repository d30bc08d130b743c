import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { onCleanup } from './cleanup.ts';

/** A WebSocket that stays open and can say something; enough to see whether its connection lives. */
export interface OpenWebSocket {
  echo(text: string): Promise<string>;
  closed(): boolean;
  close(): void;
}

export function openWebSocket(port: number, path: string, host = 'x'): Promise<OpenWebSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let closed = false;
    let waiting: ((text: string) => void) | undefined;
    onCleanup(() => {
      socket.destroy();
    });
    socket.once('close', () => (closed = true));
    // Also after it was opened: HAProxy may end it with a reset.
    socket.on('error', reject);
    socket.once('connect', () => {
      const key = randomBytes(16).toString('base64');
      socket.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
      );
    });
    socket.once('data', (head) => {
      if (!head.toString().startsWith('HTTP/1.1 101')) return reject(new Error(head.toString().split('\r\n')[0]));
      socket.on('data', (frame) => waiting?.(frame.subarray(2).toString()));
      return resolve({
        echo: (text) =>
          new Promise((done, fail) => {
            waiting = done;
            socket.once('close', () => fail(new Error('the websocket is closed')));
            // A client's frame is masked; a mask of zeros leaves the text as it is.
            socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
          }),
        closed: () => closed,
        close: () => socket.end(Buffer.from([0x88, 0x80, 0, 0, 0, 0])),
      });
    });
  });
}
