import { spawn } from 'node:child_process';
import { lstat, mkdtemp, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigModel } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import { quoteWord } from '../model/words.ts';
import type { Bind } from './binds.ts';
import { askSocket } from './master-socket.ts';
import { readMessages } from './messages.ts';

/**
 * A HAProxy of a few lines, started beside the one that serves, to hear in its own words what a reload would meet. It
 * has none of the traffic's addresses, so nobody notices it. In all versions from 2.4 to 3.5 a process in the foreground
 * first binds, then changes its root, then its user (`main` in haproxy.c); a worker does the same.
 */
export interface Trial {
  readonly binary: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a process may do what this one may, and sees the same network and files: only then a trial says anything. */
export async function hasSameRights(pid: number): Promise<boolean> {
  try {
    const mine = await Promise.all(['self', pid].map(rightsOf));
    return mine[0] === mine[1];
  } catch {
    return false;
  }
}

async function rightsOf(pid: number | string): Promise<string> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const spaces = await Promise.all(['net', 'mnt', 'user'].map((name) => readlink(`/proc/${pid}/ns/${name}`)));
  return [...status.split('\n').filter((line) => /^(?:Uid|Gid|CapEff|CapBnd):/.test(line)), ...spaces].join('\n');
}

const smallest = ['global', '  maxconn 10', '  nbthread 1'];
const timeouts = ['defaults', '  mode tcp', '  timeout connect 1s', '  timeout client 1s', '  timeout server 1s'];

/**
 * Which of the binds HAProxy cannot bind, with its words. It ends before it serves, because it is told to change its
 * root to a folder that is not there. What it says of anything else counts for nothing.
 */
export async function tryBinds(
  binds: readonly Bind[],
  wanted: ConfigModel,
  trial: Trial,
): Promise<{ bind: Bind; words: string }[]> {
  const globals = globalLines(wanted, new Set(['unix-bind', 'noreuseport']));
  const prefix = wordAfter(globals, 'prefix') ?? '';
  const created = new Map(binds.flatMap((bind) => siblingOf(bind, prefix)));
  const result = await inFolder(async (folder) => {
    const lines = [
      ...smallest,
      `  chroot ${quoteWord(join(folder, 'none'))}`,
      ...globals.map(({ text }) => text),
      ...timeouts,
    ];
    binds.forEach((bind, at) => {
      const address = created.get(bind)?.address ?? bind.address;
      lines.push(`frontend b${at}`, `  bind ${[address, ...bind.options].map(quoteWord).join(' ')}`);
    });
    return runToEnd(await written(folder, lines), trial);
  });
  await Promise.all([...created.values()].map(({ path }) => rm(path, { force: true })));
  return readMessages(result).flatMap(({ severity, text }) => {
    const [, at, said = ''] = /^(?:Binding|Starting) (?:.* for )?(?:frontend|proxy) b(\d+): (.*)/s.exec(text) ?? [];
    const bind = at === undefined ? undefined : binds[Number(at)];
    if (!bind || severity !== 'alert') return [];
    return [{ bind, words: said.replaceAll(created.get(bind)?.path ?? '\0', `${prefix}${bind.address}`).trim() }];
  });
}

/** A unix socket is tried under another name of the same length, so that nobody's socket is taken from them. */
function siblingOf(bind: Bind, prefix: string): [Bind, { address: string; path: string }][] {
  const [endpoint] = bind.endpoints;
  if (endpoint?.kind !== 'unix') return [];
  const address = `${endpoint.path.slice(0, -1)}${endpoint.path.endsWith('~') ? '^' : '~'}`;
  return [[bind, { address, path: `${prefix}${address}` }]];
}

/** Anything else it may dislike is of the trial. */
const aboutIdentity = /\b(?:chroot|[gu]id|setcap|capabilit\w*|full privileges)\b/i;
const identity = new Set(['chroot', 'user', 'group', 'uid', 'gid', 'setcap']);

/**
 * Why HAProxy cannot become what the configuration says: its root folder, its user and group. A worker finds that out
 * when the old one has been told to leave already (before 3.1), and `haproxy -c` does not look.
 */
export async function tryIdentity(wanted: ConfigModel, trial: Trial): Promise<string[]> {
  const globals = globalLines(wanted, identity);
  if (!globals.some(({ keyword }) => keyword !== 'setcap')) return [];
  const result = await inFolder(async (folder) => {
    const socket = quoteWord(join(folder, 's'));
    const lines = [...smallest, `  stats socket ${socket} mode 600 level admin`, ...globals.map(({ text }) => text)];
    lines.push(...timeouts, 'frontend f', `  bind ${quoteWord(join(folder, 'f'))}`);
    return runToEnd(await written(folder, lines), trial, join(folder, 's'));
  });
  const alerts = readMessages(result).filter(({ severity }) => severity === 'alert');
  const said = alerts.map(({ text }) => text).filter((text) => aboutIdentity.test(text));
  if (said.length === 0) return [];
  const lines = globals.map(({ text }) => text.trim()).join(', ');
  return [`${said.join('\n').replace(/^\[\S+\.main\(\)\] /gm, '')} (global: ${lines})`];
}

function globalLines(config: ConfigModel, keywords: ReadonlySet<string>): Line[] {
  const globals = config.sections.filter(({ kind }) => kind === 'global');
  return globals.flatMap(({ rules }) => rules.filter(({ keyword }) => keywords.has(keyword)));
}

function wordAfter(lines: readonly Line[], word: string): string | undefined {
  const words = lines.flatMap((line) => line.words.map(({ text }) => text));
  const at = words.lastIndexOf(word);
  return at < 0 ? undefined : words[at + 1];
}

const prefix = 'flotilla-trial-';
/** Longer than any trial takes. */
const leftAfterMs = 600_000;

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await removeLeftovers();
  const folder = await mkdtemp(join(tmpdir(), prefix));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Folders of those who were killed during a trial. */
async function removeLeftovers(): Promise<void> {
  const found = (await readdir(tmpdir())).filter((name) => name.startsWith(prefix));
  for (const path of found.map((name) => join(tmpdir(), name))) {
    const { uid, mtimeMs } = await lstat(path).catch(() => ({ uid: undefined, mtimeMs: 0 }));
    if (uid === process.getuid?.() && Date.now() - mtimeMs > leftAfterMs)
      await rm(path, { recursive: true, force: true });
  }
}

async function written(folder: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, 'trial.cfg');
  await writeFile(path, `${lines.map((line) => line.trimEnd()).join('\n')}\n`);
  return path;
}

/** HAProxy ends when its input does: also when this process is killed and can end nobody any more. */
const endsWithInput = `exec 3<&0
"$0" -db -f "$1" 3<&- </dev/null &
haproxy=$!
{ read -r _; kill -KILL "$haproxy"; } <&3 &
wait "$haproxy"
code=$?
kill "$!" 2>/dev/null
exit "$code"`;

/** What HAProxy prints until it ends by itself, or answers on its socket and is ended. */
async function runToEnd(
  file: string,
  { binary, environment, timeoutMs, signal }: Trial,
  socket?: string,
): Promise<string> {
  signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', endsWithInput, binary, file], { cwd: '/', env: environment });
  child.stdin.on('error', () => undefined); // It has ended already.
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (output = (output + chunk).slice(0, 64 * 1024)));
  }
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => {
      resolve();
    });
    child.once('close', () => {
      resolve();
    });
  }).finally(() => (isOver = true));
  const deadline = performance.now() + timeoutMs;
  const serves = async () => {
    while (!isOver && performance.now() < deadline && signal?.aborted !== true) {
      const answer = socket && (await askSocket(socket, 'show info', { timeoutMs: 500 }).catch(() => ''));
      if (answer) return;
      await sleep(5);
    }
  };
  await Promise.race([ended, serves()]);
  const isAnswered = !isOver;
  if (isAnswered) child.stdin.end();
  await ended;
  signal?.throwIfAborted();
  // Ended from here: what it said is no verdict.
  return isAnswered ? '' : output;
}
