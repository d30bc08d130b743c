// Runs commands one after the other for the project's scripts: signals are passed on, nothing is left behind.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { watchLeftovers } from './leftovers.mjs';

export const root = join(import.meta.dirname, '..');
/** @param {string} name */
const bin = (name) => join(root, 'node_modules/.bin', name);

/** Debian puts haproxy where a user who is not root does not look. */
const path = [...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin', '/sbin', '/bin'])];

/** nx without its daemon or terminal screen: no process stays behind. */
export const environment = {
  ...process.env,
  PATH: path.filter((folder) => folder !== '').join(delimiter),
  NX_DAEMON: 'false',
  NX_TUI: 'false',
  NX_ISOLATE_PLUGINS: 'false',
};

const repeatMs = 500;
/** How long a command may take to end after a signal. */
const patienceMs = 15_000;
/** @type {import('node:child_process').ChildProcess | undefined} */
let current;
let lastSignalAt = -Infinity;
/** @type {NodeJS.Signals | undefined} */
let interrupted;
let isQuiet = false;

// Ctrl-C reaches this process from the terminal and once more through npm: that is one signal. A second Ctrl-C is passed on.
for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(name, () => end(name));

// npm runs this process through a shell. When it is ended by a signal it tells the shell at most, and this process would
// be left behind.
if (process.env.npm_lifecycle_event !== undefined) {
  const started = ancestors();
  const watch = setInterval(() => {
    if (ancestors() === started) return;
    clearInterval(watch);
    end('SIGTERM');
  }, repeatMs).unref();
}

/** The shell, where there is one in between, and npm, by their process ids. */
function ancestors() {
  try {
    const [, name, parent] = /\((.*)\) \S+ (\d+)/s.exec(readFileSync(`/proc/${process.ppid}/stat`, 'utf8')) ?? [];
    return /^(?:ba|da)?sh$/.test(name ?? '') ? `${process.ppid} ${parent}` : `${process.ppid}`;
  } catch {
    return `${process.ppid}`;
  }
}

/** @param {NodeJS.Signals} name */
function end(name) {
  interrupted ??= name;
  if (!current) process.exit(1);
  // Of a command whose words are kept nothing is seen, and npm takes a while to undo an installation.
  if (isQuiet && lastSignalAt === -Infinity) process.stderr.write('flotilla: interrupted, ending what is under way\n');
  if (performance.now() - lastSignalAt > repeatMs) current.kill(name === 'SIGHUP' ? 'SIGTERM' : name);
  lastSignalAt = performance.now();
  // npm undoes a whole installation first, which nobody waits for.
  setTimeout(endGroup, patienceMs, current.pid).unref();
}

/** Whether a signal asked this script to end. */
export const isInterrupted = () => interrupted !== undefined;

/**
 * Gives the exit code; a death by signal counts as 1. `quiet` keeps the output and returns it. The command has a
 * process group of its own, so that it gets each signal once, and what it leaves behind is ended with it. When this
 * process is killed, it is told to end. `left` names what was left behind of a run that is `watched`.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string, left: string[] }>}
 */
export function run(command, args, { quiet = false, watched = false } = {}) {
  const leftovers = watched ? watchLeftovers() : undefined;
  const setpriv = '/usr/bin/setpriv';
  const hasSetpriv = existsSync(setpriv);
  return new Promise((resolve, reject) => {
    /** @type {Buffer[]} */
    const output = [];
    const pipe = quiet ? 'pipe' : 'inherit';
    const child = spawn(
      hasSetpriv ? setpriv : command,
      hasSetpriv ? ['--pdeathsig', 'TERM', '--', command, ...args] : args,
      {
        cwd: root,
        env: { ...environment, ...leftovers?.env },
        detached: true,
        stdio: ['ignore', pipe, pipe],
      },
    );
    current = child;
    isQuiet = quiet;
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', (error) => {
      current = undefined;
      reject(error);
    });
    /** @type {string[]} */
    let left = [];
    child.on('exit', () => {
      left = leftovers?.look() ?? [];
      endGroup(child.pid);
      leftovers?.end();
    });
    child.on('close', (code) => {
      current = undefined;
      resolve({ code: code ?? 1, output: Buffer.concat(output).toString(), left });
    });
  });
}

/** @param {number | undefined} pid */
function endGroup(pid) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing was left.
  }
}

/**
 * Runs targets of every project that has them.
 * @param {string[]} targets
 * @param {string[]} more
 */
export const nx = (targets, more = [], { watched = false } = {}) =>
  run(bin('nx'), ['run-many', '--output-style=stream', '-t', ...targets, ...more], { quiet: true, watched });

/**
 * Does the work while nobody else does such work in this checkout: two who start at once would write the same files.
 * The kernel keeps the lock, on the folder itself, and takes it back when this process ends, however it ends.
 * @template T
 * @param {() => Promise<T>} work
 */
export async function exclusively(work) {
  const flock = '/usr/bin/flock';
  if (!existsSync(flock)) return work();
  const holder = spawn(flock, [root, '/bin/sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const patience = setTimeout(
    () => process.stderr.write('flotilla: waiting for another npm start or npm test\n'),
    1_000,
  );
  try {
    await new Promise((resolve, reject) =>
      holder.once('error', reject).once('exit', resolve).stdout.once('data', resolve),
    );
    clearTimeout(patience);
    return await work();
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
  }
}

/** Builds every app; ends the process with the build's own words when it fails. */
export async function build() {
  const { code, output } = await exclusively(() => nx(['build']));
  if (code === 0 && !isInterrupted()) return;
  if (!isInterrupted()) process.stderr.write(output);
  process.exit(code || 1);
}
