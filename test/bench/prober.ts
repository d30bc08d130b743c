import { type Socket, connect } from 'node:net';

/**
 * Between two requests. Without it the prober and HAProxy keep one of two processors busy with each other. Node's timers
 * know whole milliseconds only; nothing else has to run in this process meanwhile.
 */
const pauseMs = 0.25;
const still = new Int32Array(new SharedArrayBuffer(4));

/**
 * One keep-alive connection that asks for a pod, one request at a time.
 *
 * It writes and reads the few bytes itself: an HTTP client of Node's takes a millisecond of processor time for a
 * request at first, and what is measured competes for the same processors.
 */
export class Prober {
  readonly #port: number;
  readonly #host: string;
  #socket: Socket | undefined;
  /** Requests without an answer of a pod. */
  failed = 0;

  constructor(port: number, host: string) {
    this.#port = port;
    this.#host = host;
  }

  /** The address of the pod that answered; undefined when none did. */
  async ask(path = '/'): Promise<string | undefined> {
    const socket = (this.#socket ??= connect(this.#port, '127.0.0.1').setNoDelay(true));
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      const end = (): void => {
        socket.off('data', take).off('close', end).off('error', end);
        resolve(text);
      };
      const take = (chunk: Buffer): void => {
        text += chunk.toString('latin1');
        if (/\r\n\r\nok$/.test(text)) end();
      };
      socket.on('data', take).on('close', end).on('error', end);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n\r\n`);
    });
    const pod = /^HTTP\/1\.1 200 [^]*\r\nx-pod: (\S+)\r\n/.exec(answer)?.[1];
    if (pod === undefined) this.close();
    return pod;
  }

  /** Asks until the pod answers, and gives the time in ms since `from` (performance.now()). */
  async until(address: string, from: number): Promise<number> {
    const deadline = from + 30_000;
    while (performance.now() < deadline) {
      const pod = await this.ask();
      if (pod === address) return performance.now() - from;
      if (pod === undefined) this.failed++;
      Atomics.wait(still, 0, 0, pauseMs);
    }
    throw new Error(`${address} did not answer within 30 s`);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }
}
