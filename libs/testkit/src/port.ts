import { mkdirSync, readFileSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { onExit } from './cleanup.ts';

// Below the kernel's range for outgoing connections (32768 and up), so that a server that restarts finds its port free.
const FIRST = 20_000;
const LAST = 32_000;
const addresses = new Set<string>();

/** A free port on loopback. It stays reserved for this process among all that use the testkit, until the process ends. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (reserve(port) && (await isFree(port))) return port;
  }
  throw new Error(`no free port found between ${FIRST} and ${LAST}`);
}

/** A loopback address that nothing in this process uses yet (127.1.0.1 … 127.250.254.254), for one pod. */
export function freeAddress(): string {
  for (;;) {
    const address = `127.${1 + random(250)}.${random(255)}.${1 + random(254)}`;
    if (addresses.has(address)) continue;
    addresses.add(address);
    return address;
  }
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}

/** Reservations of this user: a folder that another one made cannot be written. */
const folder = join(tmpdir(), `flotilla-ports-${userInfo().uid}`);

function reserve(port: number): boolean {
  const file = join(folder, String(port));
  mkdirSync(folder, { recursive: true });
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The folder goes with the last reservation, which may have been just now.
    if (code !== 'EEXIST' && code !== 'ENOENT') throw error;
    if (code === 'EEXIST') removeStale(file);
    return false;
  }
  onExit(() => {
    rmSync(file, { force: true });
    removeWhenEmpty();
  });
  return true;
}

function removeWhenEmpty(): void {
  try {
    rmdirSync(folder);
  } catch {
    // Others hold ports.
  }
}

/** A process that was killed left its reservation behind: free it for the next look. */
function removeStale(file: string): void {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(file, { force: true });
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '0.0.0.0', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
