import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type ChildExit, startChild } from './child.ts';
import { temporaryFolder } from './folder.ts';
import { killHaproxyWithTest } from './leftovers.ts';
import { waitFor } from './wait.ts';

export type AppName = 'watcher' | 'renderer' | 'agent' | 'demo' | 'cli';

/** One line that an app logged; a line that is no JSON object appears as `{ msg, raw: true }`. */
export interface LogLine {
  msg?: string;
  level?: number | string;
  [field: string]: unknown;
}

export interface App {
  name: AppName;
  pid: number;
  dataDir: string;
  log: LogLine[];
  exited: Promise<ChildExit>;
  /** The first line, logged before or after the call, that fits. Throws after the deadline, or when the app ended without it. */
  waitForLog(predicate: (line: LogLine) => unknown, options?: { what?: string; deadlineMs?: number }): Promise<LogLine>;
  /** The address of its HTTP server (health, metrics), as it logged it. */
  http(): Promise<string>;
  port(): Promise<number>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<ChildExit>;
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/**
 * Runs a built app (`apps/<name>/dist/main.js`). Its environment is PATH, a free FLOTILLA_HTTP on loopback, a temporary
 * FLOTILLA_DATA_DIR, and what is given; nothing else of this process's environment. `main` is another build of it.
 */
export async function startApp(
  name: AppName,
  env: Record<string, string> = {},
  args: string[] = [],
  main = join(repositoryRoot(), 'apps', name, 'dist', 'main.js'),
): Promise<App> {
  if (!existsSync(main)) throw new Error(`${main} is missing: run "npm run build" first`);
  const folder = env['FLOTILLA_DATA_DIR'] === undefined ? temporaryFolder(name) : undefined;
  const dataDir = env['FLOTILLA_DATA_DIR'] ?? folder?.path ?? '';
  if (name === 'agent') killHaproxyWithTest(dataDir);
  const log: LogLine[] = [];
  const child = await startChild(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], FLOTILLA_HTTP: '127.0.0.1:0', FLOTILLA_DATA_DIR: dataDir, ...env },
    onLine: (line) => log.push(parse(line)),
  });

  const waitForLog: App['waitForLog'] = async (predicate, { what = 'a log line', deadlineMs = 20_000 } = {}) => {
    const look = () => log.find((line) => predicate(line));
    const found = await waitFor(() => look() ?? (child.exit() ? 'ended' : undefined), {
      what: `${what} of ${name}`,
      deadlineMs,
    }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${recent(child.lines)}`, { cause: error });
    });
    if (found !== 'ended') return found;
    const { code, signal } = await child.exited;
    const late = look();
    if (late) return late;
    throw new Error(`${name} ended (${signal ?? `code ${code}`}) before ${what}:\n${recent(child.lines)}`);
  };
  const http = async () => {
    const line = await waitForLog((entry) => typeof entry['http'] === 'string', { what: 'its HTTP address' });
    return String(line['http']);
  };
  return {
    name,
    pid: child.pid,
    dataDir,
    log,
    exited: child.exited,
    waitForLog,
    http,
    port: async () => Number(new URL(await http()).port),
    kill: (signal = 'SIGKILL') => child.kill(signal),
    stop: async () => {
      const exit = await child.stop(30_000);
      folder?.remove();
      return exit;
    },
  };
}

function parse(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as LogLine;
  } catch {
    // Not a log line: a stack trace, or the help text.
  }
  return { msg: line, raw: true };
}

function recent(lines: string[]): string {
  return lines.slice(-20).join('\n') || '(it printed nothing)';
}

/** The folder of the workspace, found upwards from this file, in its source or in a bundle. */
export function repositoryRoot(): string {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    const file = join(at, 'package.json');
    if (existsSync(file) && 'workspaces' in (JSON.parse(readFileSync(file, 'utf8')) as object)) return at;
  }
  throw new Error(`no workspace found above ${import.meta.dirname}`);
}
