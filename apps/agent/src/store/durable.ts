import { randomBytes } from 'node:crypto';
import { closeSync, fsync, openSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryPrefix } from './paths.ts';

/** Files are readable by their owner only: a bundle holds private keys. */
export const fileMode = 0o600;
export const folderMode = 0o700;

// What does not flush is synchronous: it only reaches the kernel's memory, which takes microseconds, while a turn of the
// thread pool takes longer, above all on a node that is busy.

/** A new file, readable by its owner only. Nothing is on the disk for certain before `flushFile`. */
export function writeNew(path: string, content: Buffer | string): void {
  writeFileSync(path, content, { flag: 'wx', mode: fileMode });
}

/** Puts the content of a file on the disk (fsync(2)); false when it is not there any more. */
export async function flushFile(path: string): Promise<boolean> {
  try {
    await flush(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}

/** A new file, its content on the disk when this returns. Its name is on the disk after `flushFolder`. */
export async function writeFlushed(path: string, content: Buffer | string): Promise<void> {
  writeNew(path, content);
  await flushFile(path);
}

/** Puts the names in a folder on the disk. */
export const flushFolder = (path: string): Promise<void> => flush(path);

/** Only the flush itself is left to the thread pool. */
async function flush(path: string): Promise<void> {
  const opened = openSync(path, 'r');
  try {
    await fsyncLater(opened);
  } finally {
    closeSync(opened);
  }
}

const fsyncLater = promisify(fsync);

/** Replaces a file whole (rename(2)): whoever reads it sees the old content or the new one. Not flushed. */
export function replaceFile(path: string, content: Buffer | string): void {
  const temporary = temporaryBeside(path);
  try {
    writeNew(temporary, content);
    takePlace(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true }); // A full disk must not be filled up further.
    throw error;
  }
}

/** Points a symlink somewhere else in one step (rename(2) over it); there is no moment without it. Not flushed. */
export function switchSymlink(path: string, target: string): void {
  const temporary = temporaryBeside(path);
  symlinkSync(target, temporary);
  try {
    takePlace(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** A folder that somebody put there goes, as a file would. */
function takePlace(temporary: string, path: string): void {
  try {
    renameSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EISDIR')) throw error;
    rmSync(path, { recursive: true });
    renameSync(temporary, path);
  }
}

export const temporaryBeside = (path: string): string =>
  join(dirname(path), `${temporaryPrefix}${basename(path)}-${randomBytes(4).toString('hex')}`);
