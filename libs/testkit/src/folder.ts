import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { onCleanup, onExit } from './cleanup.ts';

export interface TemporaryFolder {
  path: string;
  remove(): void;
}

/**
 * A folder of its own under the system's temporary folder (mode 0700), removed by `remove()`, `cleanUp()` or at exit.
 * With `inMemory` it does without a disk where there is room in memory: for servers that flush every write.
 */
export function temporaryFolder(prefix: string, { inMemory = false } = {}): TemporaryFolder {
  // Short, because a unix socket's path inside it may have 107 bytes at most.
  // In memory it bears the name of the run's temporary folder, so that what a run leaves can be told from others' (tools).
  const path =
    inMemory && hasRoom(memory)
      ? mkdtempSync(join(memory, `flotilla-${basename(tmpdir())}-${prefix}-`))
      : mkdtempSync(join(tmpdir(), `flotilla-${prefix}-`));
  const remove = () => {
    forget.forEach((undo) => {
      undo();
    });
    rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  };
  const forget = [onCleanup(remove), onExit(remove)];
  return { path, remove };
}

const memory = '/dev/shm';
const roomBytes = 1024 ** 3;

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > roomBytes;
  } catch {
    return false;
  }
}
