import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { onCleanup, onExit } from './cleanup.ts';

export interface ChildExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process started by a test: it ends with the test, whatever happens to the test's own process. */
export interface Child {
  pid: number;
  /** Standard output and error, line by line, in the order of arrival. */
  lines: string[];
  exited: Promise<ChildExit>;
  /** Set once it ended. */
  exit(): ChildExit | undefined;
  /** Sends a signal; with SIGKILL it also waits until the process is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** SIGTERM, then SIGKILL after `graceMs` (default 10,000 ms). */
  stop(graceMs?: number): Promise<ChildExit>;
}

export interface ChildOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  onLine?: (line: string) => void;
}

const SETPRIV = '/usr/bin/setpriv';

/** Starts a program in the foreground and collects what it prints. Throws when it cannot be started. */
export async function startChild(command: string, args: string[], options: ChildOptions = {}): Promise<Child> {
  // The kernel kills the child when we die without a chance to do it ourselves.
  const [program, ...rest] = existsSync(SETPRIV)
    ? [SETPRIV, '--pdeathsig', 'KILL', '--', command, ...args]
    : [command, ...args];
  const child = spawn(program ?? command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    cwd: options.cwd,
  });
  const lines: string[] = [];
  const push = (line: string) => {
    lines.push(line);
    options.onLine?.(line);
  };
  eachLine(child.stdout, push);
  eachLine(child.stderr, push);

  let ended: ChildExit | undefined;
  // 'close' comes after the last byte of output, 'exit' may come before it; a grandchild may hold the pipes open for ever.
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      ended = { code, signal };
      forget.forEach((undo) => {
        undo();
      });
      const settle = () => {
        resolve({ code, signal });
      };
      child.once('close', settle);
      setTimeout(settle, 500).unref();
    });
  });
  const forget: (() => void)[] = [];

  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) => {
      reject(new Error(`cannot start ${command}: ${cause.message}`, { cause }));
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command}: it has no process id`);

  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    if (!ended) child.kill(signal);
    if (signal === 'SIGKILL') await exited;
  };
  const stop = async (graceMs = 10_000) => {
    if (ended) return exited;
    child.kill('SIGTERM');
    child.kill('SIGCONT'); // A frozen process would never see the first.
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    const result = await exited;
    clearTimeout(timer);
    return result;
  };
  forget.push(
    onCleanup(async () => {
      await stop();
    }),
    onExit(() => {
      child.kill('SIGKILL');
    }),
  );
  return { pid, lines, exited, exit: () => ended, kill, stop };
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    parts.forEach(onLine);
  });
  stream.on('end', () => {
    if (rest) onLine(rest);
  });
}

/** Waits until the child is ready; says what it printed when it ended instead, or when the deadline passes. */
export async function untilReady(
  child: Child,
  name: string,
  ready: () => Promise<boolean>,
  deadlineMs = 15_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    const exit = child.exit();
    if (exit) {
      await child.exited;
      throw new Error(`${name} ended with ${exit.signal ?? `code ${exit.code}`} instead of starting:\n${tail(child)}`);
    }
    if (await ready().catch(() => false)) return;
    if (performance.now() > end) {
      await child.kill('SIGKILL');
      throw new Error(`${name} was not ready after ${deadlineMs} ms:\n${tail(child)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function tail(child: Child): string {
  return child.lines.slice(-20).join('\n') || '(it printed nothing)';
}
