import { type Server, createServer } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { masterSocket } from '../../src/process/master-socket.ts';
import { judge, parseReloadAnswer, reload } from '../../src/process/reload.ts';
import type { Processes } from '../../src/process/processes.ts';

const processes = (reloads: number, failed: number | null, worker: number | null, old: number[] = []): Processes => ({
  master: { pid: 1, reloads, failed, version: '2.6' },
  worker: worker === null ? null : { pid: worker, reloads: 0 },
  oldWorkers: old.map((pid) => ({ pid, reloads: 1 })),
});
const silent = { success: null, log: '' };

describe('judge', () => {
  it('believes in a new worker of a reload that did not fail', () => {
    const after = processes(1, 0, 11, [10]);
    expect(judge(processes(0, 0, 10), after, silent)).toEqual({ kind: 'reloaded', worker: 11, processes: after });
  });

  it.each([
    ['the master counted a failure', processes(1, 1, 10), silent],
    ['the worker is the old one', processes(1, null, 10), silent],
    ['there is no worker', processes(1, 0, null), silent],
    ['the answer says so', processes(1, 0, 11), { success: false, log: 'words' }],
  ])('calls it failed when %s', (_, after, answer) => {
    expect(judge(processes(0, 0, 10), after, answer)).toMatchObject({ kind: 'failed', words: answer.log });
  });
});

describe('parseReloadAnswer', () => {
  it('reads success and log of 2.7 and later, and the silence before', () => {
    expect(parseReloadAnswer('Success=1\n--\n[NOTICE] ok\n')).toEqual({ success: true, log: '[NOTICE] ok' });
    expect(parseReloadAnswer('Success=0\n--\n[ALERT] bad')).toEqual({ success: false, log: '[ALERT] bad' });
    expect(parseReloadAnswer('Success=1')).toEqual({ success: true, log: '' });
    expect(parseReloadAnswer('\n')).toEqual(silent);
  });

  it('refuses anything else', () => {
    expect(() => parseReloadAnswer('Unknown command')).toThrow(expect.objectContaining({ code: 'haproxy-answer' }));
  });
});

/** A master that answers as a given version does. */
describe('reload', () => {
  let folder: string;
  let path: string;
  let server: Server | undefined;
  const asked: string[] = [];
  const listen = (answer: (command: string) => string | undefined) =>
    new Promise<void>((resolve) => {
      server = createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => undefined); // The client may be gone already.
        socket.once('data', (bytes) => {
          const command = bytes.toString().trim();
          asked.push(command);
          const text = answer(command);
          if (text === undefined) socket.destroy();
          else socket.end(text);
        });
      }).listen(path, resolve);
    });
  const show = (reloads: number, failed: number, worker: number) =>
    `#<PID>          <type>          <reloads>       <uptime>        <version>\n1   master   ${reloads} [failed: ${failed}]   0d00h00m01s     3.1.0\n# workers\n${worker}   worker    0    0d00h00m00s     3.1.0\n# programs\n\n`;

  beforeEach(() => {
    asked.length = 0;
    folder = mkdtempSync(join(tmpdir(), 'flotilla-master-'));
    path = join(folder, 'm.sock');
  });
  afterEach(() => {
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('waits out another reload and takes the log of the answer', async () => {
    let reloads = 0;
    await listen((command) => {
      if (command === 'show proc') return show(Math.max(0, reloads - 1), reloads > 1 ? 1 : 0, 10);
      return ++reloads === 1 ? 'Another reload is still in progress.\n' : 'Success=0\n--\n[ALERT] (1) : no good\n';
    });
    expect(await reload(masterSocket(path), { timeoutMs: 2_000 })).toMatchObject({
      kind: 'failed',
      words: '[ALERT] (1) : no good',
    });
    expect(asked.filter((command) => command === 'reload')).toHaveLength(2);
  });

  it('goes on through a master that drops connections while it parses', async () => {
    let reloaded = false;
    let dropped = 0;
    await listen((command) => {
      if (command === 'reload') {
        reloaded = true;
        return undefined;
      }
      if (reloaded && dropped++ < 3) return undefined;
      return reloaded ? show(1, 0, 11) : show(0, 0, 10);
    });
    expect(await reload(masterSocket(path), { timeoutMs: 2_000 })).toMatchObject({ kind: 'reloaded', worker: 11 });
    expect(dropped).toBeGreaterThan(3);
  });

  it('does not call it done while the count stays', async () => {
    await listen((command) => (command === 'reload' ? '' : show(0, 0, 10)));
    await expect(reload(masterSocket(path), { timeoutMs: 60 })).rejects.toMatchObject({ code: 'socket-timeout' });
  });

  it('says that a socket does not exist', async () => {
    await expect(masterSocket(join(folder, 'none')).processes({ timeoutMs: 20 })).rejects.toMatchObject({
      code: 'socket-refused',
    });
  });

  it('tells an addressed worker that is gone from an answer', async () => {
    await listen(() => "Can't find the target PID matching the prefix '@!77'\n");
    await expect(masterSocket(path).askWorker(77, 'show info')).rejects.toMatchObject({ code: 'worker-gone' });
  });
});
