import { join } from 'node:path';
import { reasonOf } from '@flotilla/domain';
import {
  type OutputFile,
  type SupervisorEvent,
  foldersOf,
  followOutput,
  isRefusal,
  reload,
  supervise,
  wordsOf,
} from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';
import type { Brought, HaproxyEvent, HaproxyPort, Look } from './port.ts';
import { lookAt, workerSockets } from './running-haproxy.ts';
import { HaproxyWords } from './words.ts';

export interface SupervisedOptions {
  readonly binary: string;
  /** In the order of their `-f`. */
  readonly files: readonly string[];
  readonly masterSocket: string;
  readonly statsSocket: string;
  /** The folder of the output file. */
  readonly run: string;
  readonly startTimeoutMs: number;
  readonly reloadTimeoutMs: number;
  readonly log: Logger;
}

/** Mode `supervise`: the agent runs HAProxy itself. */
export async function supervisedHaproxy(options: SupervisedOptions): Promise<HaproxyPort> {
  const { binary, files, masterSocket, statsSocket, run, startTimeoutMs, reloadTimeoutMs, log } = options;
  const words = new HaproxyWords(log);
  const output = await followOutput({
    path: join(run, 'haproxy.log'),
    onLine: (line) => {
      words.add(line);
    },
  });
  const listeners: ((event: HaproxyEvent) => void)[] = [];
  const tell = (event: SupervisorEvent) => {
    const known = eventOf(event);
    for (const listen of listeners) listen(known);
  };
  let prepare = (): Promise<unknown> => Promise.resolve();
  const supervisor = supervise({
    ...{ binary, files, masterSocket, output, startTimeoutMs, onEvent: tell },
    beforeRestart: () => prepare(),
  });
  const { master } = supervisor;
  const sockets = workerSockets(master, statsSocket);
  const look = (): Promise<Look> => {
    if (!supervisor.running) return Promise.resolve({ kind: 'down', why: 'haproxy is not running' });
    if (supervisor.remakeSocket())
      log.error({ socket: master.path }, 'the master socket was removed; HAProxy is reloaded to make it anew');
    return lookAt(master, statsSocket);
  };

  const reloadNow = async (signal?: AbortSignal): Promise<Brought> => {
    const mark = await output.mark();
    try {
      const result = await reload(master, { timeoutMs: reloadTimeoutMs, signal });
      if (result.kind === 'reloaded') return { kind: 'live', how: 'reloaded', look: await look() };
      return await refusalSince(output, mark, result.words, files);
    } catch (error) {
      signal?.throwIfAborted();
      return await refusalSince(output, mark, reasonOf(error), files);
    }
  };

  return {
    mode: 'supervise',
    look,
    async start(signal) {
      const result = await supervisor.start(signal);
      if (result.kind !== 'failed') return { kind: 'live', how: result.kind, look: await look() };
      return { kind: result.refuses ? 'refused' : 'unproven', words: result.words };
    },
    reload: reloadNow,
    runtime: (running) => sockets.of(running),
    onEvent: (listen) => listeners.push(listen),
    beforeRestart(wanted) {
      prepare = wanted;
    },
    endNow: () => {
      supervisor.endNow();
    },
    async stop(graceMs) {
      sockets.close();
      await supervisor.stop(graceMs);
      await output.close();
      words.flush();
    },
    async leave() {
      sockets.close();
      await supervisor.release();
      await output.close();
      words.flush();
    },
  };
}

/** What HAProxy printed meanwhile says more than its answer; without an alert it may not be the files' fault. */
async function refusalSince(
  output: OutputFile,
  mark: Awaited<ReturnType<OutputFile['mark']>>,
  otherwise: string,
  files: readonly string[],
): Promise<Brought> {
  const printed = await output.since(mark);
  const text = isRefusal(printed) ? printed : otherwise;
  const words = wordsOf(text, foldersOf(files)) || 'haproxy did not reload and said nothing';
  return { kind: isRefusal(text) ? 'refused' : 'unproven', words };
}

function eventOf(event: SupervisorEvent): HaproxyEvent {
  switch (event.kind) {
    case 'died':
      return { kind: 'died', words: event.words };
    case 'restarted':
      return { kind: 'back' };
    case 'restart-failed':
      return { kind: 'still-down', words: event.words };
  }
}
