// Finds what a run of tests leaves behind: processes, and files in the temporary folders.
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

/**
 * Gives the run a temporary folder of its own, by which everything that it starts can be told from others. `look` names
 * what is still there; `end` removes the folder.
 */
export function watchLeftovers() {
  // Short, because a unix socket's path inside it may have 107 bytes at most.
  const folder = mkdtempSync(join(tmpdir(), 'ft-'));
  const mark = `TMPDIR=${folder}`;
  return {
    env: { TMPDIR: folder },
    look: () => [
      ...processesWith(mark).map((command) => `a process: ${command}`),
      ...readdirSync(folder).map((name) => `${name} in the temporary folder`),
      // Folders in memory bear the name of the run's folder (testkit's temporaryFolder).
      ...namesIn('/dev/shm')
        .filter((name) => name.startsWith(`flotilla-${basename(folder)}-`))
        .map((name) => `/dev/shm/${name}`),
    ],
    end: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** @param {string} folder */
function namesIn(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/**
 * The command lines of all processes that have the variable in their environment.
 * @param {string} variable
 */
function processesWith(variable) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      try {
        const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return environment.includes(variable) && command !== '' ? [`${command} (${pid})`] : [];
      } catch {
        // It ended between the two, or is somebody else's.
        return [];
      }
    });
}
