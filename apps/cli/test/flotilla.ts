import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { repositoryRoot, temporaryFolder } from '@flotilla/testkit';

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command as an operator does; of this process's environment it sees PATH alone. */
export function flotilla(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  const bin = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: repositoryRoot(),
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => (texts[name] += chunk));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, ...texts });
    });
  });
}

/** What the built command prints on a terminal of so many columns. */
export function onTerminal(args: readonly string[], width: number, env: Record<string, string>): string {
  const bin = join(repositoryRoot(), 'apps/cli/bin/flotilla.mjs');
  const command = `stty cols ${width}; "${process.execPath}" "${bin}" ${args.join(' ')}`;
  const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
    env: { PATH: process.env['PATH'], SHELL: '/bin/sh', ...env },
    encoding: 'utf8',
  });
  return stdout.replaceAll('\r\n', '\n');
}

/** A folder with these files, gone after the test. */
export function folderOf(files: Record<string, string>): string {
  const { path } = temporaryFolder('cli');
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

/** The fleet's configmaps as JSON documents, which are YAML as well. */
export const config = (data: Record<string, string>): string =>
  JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'config', namespace: 'lb' }, data });

export const services = (entries: Record<string, object>): string =>
  JSON.stringify({
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'services', namespace: 'lb' },
    data: Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, JSON.stringify(entry)])),
  });

/** The smallest configuration that HAProxy takes, with `more` in it. */
export const minimal = (more = ''): string =>
  `defaults\n  mode http\n  timeout connect 1s\n  timeout client 1s\n  timeout server 1s\nlisten x\n  bind unix@/tmp/never-bound\n${more}\n`;
