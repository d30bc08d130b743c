import { Agent, request } from 'node:http';
import { onCleanup } from './cleanup.ts';

export interface LoadOptions {
  url: string;
  /** Requests at the same time, default 8. */
  connections?: number;
  /** Reuses connections; otherwise each request opens one. */
  keepAlive?: boolean;
  headers?: Record<string, string>;
  /** Pause of each connection between two requests, default none. */
  pauseMs?: number;
}

export interface LoadCount {
  ok: number;
  failed: number;
  /** Why requests failed, for example `HTTP 503`, `ECONNRESET`, `ECONNRESET on a reused connection`. */
  reasons: Record<string, number>;
  /** Answers by the pod that gave them (`X-Pod`). */
  pods: Record<string, number>;
}

export interface LoadClient {
  count(): LoadCount;
  /** Lets the requests under way finish and gives the final count. */
  stop(): Promise<LoadCount>;
}

/** Sends GET requests until it is stopped. A request has failed when it errs, takes over 10 s, or its status is not 2xx. */
export function loadClient({
  url,
  connections = 8,
  keepAlive = false,
  headers = {},
  pauseMs = 0,
}: LoadOptions): LoadClient {
  const agent = new Agent({ keepAlive, maxSockets: connections });
  const count: LoadCount = { ok: 0, failed: 0, reasons: {}, pods: {} };
  let running = true;

  const fail = (reason: string) => {
    count.failed++;
    count.reasons[reason] = (count.reasons[reason] ?? 0) + 1;
  };
  const one = () =>
    new Promise<void>((resolve) => {
      let answered = false;
      const call = request(url, { agent, headers, timeout: 10_000 }, (response) => {
        answered = true;
        const status = response.statusCode ?? 0;
        const pod = String(response.headers['x-pod'] ?? '');
        response.resume();
        response.once('end', () => {
          if (status < 200 || status > 299) fail(`HTTP ${status}`);
          else {
            count.ok++;
            if (pod) count.pods[pod] = (count.pods[pod] ?? 0) + 1;
          }
          resolve();
        });
        response.once('error', (error) => {
          fail(`${reasonOf(error)} in the answer`);
          resolve();
        });
      });
      call.once('timeout', () => call.destroy(new Error('timeout')));
      call.once('error', (error) => {
        // An error after the answer began is counted there.
        if (answered) return;
        fail(call.reusedSocket ? `${reasonOf(error)} on a reused connection` : reasonOf(error));
        resolve();
      });
      call.end();
    });
  const loop = async () => {
    while (running) {
      await one();
      await (pauseMs > 0 ? new Promise((resolve) => setTimeout(resolve, pauseMs)) : new Promise(setImmediate));
    }
  };
  const loops = Array.from({ length: connections }, loop);

  const stop = async () => {
    running = false;
    forget();
    await Promise.all(loops);
    agent.destroy();
    return count;
  };
  const forget = onCleanup(async () => {
    await stop();
  });
  return { count: () => structuredClone(count), stop };
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
