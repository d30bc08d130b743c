import { randomBytes } from 'node:crypto';
import { open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryPrefix } from './paths.ts';

/** Files are readable by their owner only: a bundle holds private keys. */
export const fileMode = 0o600;
export const folderMode = 0o700;

/**
 * A new file, its content on the disk when this returns (fsync(2)). Its name is on the disk after `flushFolder`; names
 * that are made and renamed reach the disk in that order (file systems with a journal), so a name that was flushed
 * never leads to one that is lost.
 */
export async function writeFlushed(path: string, content: Buffer | string): Promise<void> {
  const file = await open(path, 'wx', fileMode);
  try {
    await writeFile(file, content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Puts the names in a folder on the disk. */
export async function flushFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Replaces a file whole: whoever reads it sees the old content or the new one. */
export async function replaceFile(path: string, content: Buffer | string): Promise<void> {
  const temporary = temporaryBeside(path);
  await writeFlushed(temporary, content);
  await rename(temporary, path);
  await flushFolder(dirname(path));
}

/** Points a symlink somewhere else in one step (rename(2) over it); there is no moment without it. Not flushed. */
export async function switchSymlink(path: string, target: string): Promise<void> {
  const temporary = temporaryBeside(path);
  await symlink(target, temporary);
  try {
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

export const temporaryBeside = (path: string): string =>
  join(dirname(path), `${temporaryPrefix}${basename(path)}-${randomBytes(4).toString('hex')}`);
