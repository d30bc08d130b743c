import { reasonOf } from '@flotilla/domain';
import {
  type MasterSocket,
  type RuntimeSocket,
  SpareConnection,
  capabilities,
  releaseVariable,
  runtimeSocket,
} from '@flotilla/haproxy';
import type { Look, Running } from './port.ts';

/** A short look must not wait for a master that parses; the next look will find it. */
const lookTimeoutMs = 2_000;

/** What runs behind a master socket: its worker, and what that worker read at its start. */
export async function lookAt(master: MasterSocket, statsSocket: string): Promise<Look> {
  try {
    const { master: process, worker, oldWorkers } = await master.processes({ timeoutMs: lookTimeoutMs });
    if (!worker) return { kind: 'down', why: 'haproxy has no worker yet' };
    const release = releaseIn(await master.askWorker(worker.pid, `show env ${releaseVariable}`));
    const running: Running = {
      version: process.version,
      master: process.pid,
      worker: worker.pid,
      oldWorkers: oldWorkers.length,
      release,
      statsSocket: release !== undefined && (await answersAs(statsSocket, worker.pid)),
    };
    return { kind: 'running', running };
  } catch (error) {
    return { kind: 'down', why: reasonOf(error) };
  }
}

/** The ways to the running worker. */
export interface WorkerSockets {
  /** The agent's stats socket if the worker answers there, else the way through the master. */
  of(running: Running): RuntimeSocket;
  /** Nothing stays open. */
  close(): void;
}

export function workerSockets(master: MasterSocket, statsSocket: string): WorkerSockets {
  const spare = new SpareConnection({ path: statsSocket });
  let worker: number | undefined;
  return {
    of(running) {
      // Whoever reloaded HAProxy: an old worker would wait with leaving until the connection ends.
      if (running.worker !== worker) spare.close();
      worker = running.worker;
      const { experimental } = capabilities(running.version);
      if (!running.statsSocket) return runtimeSocket({ path: master.path }, { worker: running.worker, experimental });
      spare.open();
      return runtimeSocket({ path: statsSocket }, { spare, experimental });
    },
    close() {
      spare.close();
    },
  };
}

const releaseIn = (answer: string): string | undefined =>
  new RegExp(`^${releaseVariable}=(.*)$`, 'm').exec(answer)?.[1];

async function answersAs(statsSocket: string, pid: number): Promise<boolean> {
  const answer = await runtimeSocket({ path: statsSocket })
    .ask('show info')
    .catch(() => '');
  return new RegExp(`^Pid: ${pid}$`, 'm').test(answer);
}
