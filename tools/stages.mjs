// Runs commands one after the other for the project's scripts: signals are passed on, nothing is left behind.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..');
const bin = (name) => join(root, 'node_modules/.bin', name);

/** nx without its daemon or terminal screen: no process stays behind. */
export const environment = { ...process.env, NX_DAEMON: 'false', NX_TUI: 'false', NX_ISOLATE_PLUGINS: 'false' };

let current;
for (const name of ['SIGINT', 'SIGTERM']) {
  // A terminal sends Ctrl-C to the child too; the child decides how it ends, and this script ends with it.
  process.on(name, () => current?.kill(name));
}

/** Gives the exit code; a signal counts as 1. `quiet` keeps the output and returns it. */
export function run(command, args, { quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const output = [];
    current = spawn(command, args, { cwd: root, env: environment, stdio: ['inherit', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'] });
    current.stdout?.on('data', (chunk) => output.push(chunk));
    current.stderr?.on('data', (chunk) => output.push(chunk));
    current.on('error', reject);
    current.on('close', (code) => {
      current = undefined;
      resolve({ code: code ?? 1, output: Buffer.concat(output).toString() });
    });
  });
}

export const nx = (targets, more = []) => run(bin('nx'), ['run-many', '--output-style=stream', '-t', ...targets, ...more], { quiet: true });

/** Builds every app; ends the process with the build's own words when it fails. */
export async function build() {
  const { code, output } = await nx(['build']);
  if (code === 0) return;
  process.stderr.write(output);
  process.exit(code);
}
