import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlotillaError } from '@flotilla/domain';
import { folderMode } from '../store/durable.ts';

/**
 * A unix socket's path has 107 bytes (unix(7)), and HAProxy needs some of them: it binds a new socket under a name
 * with its pid before it renames it.
 */
const longestFolder = 80;

/**
 * Where the sockets stand: in the data folder, or, when its path is too long for that, in a folder of its own under
 * the system's temporary folder, whose name follows from the data folder so that the next agent finds it.
 */
export function socketFolder(run: string): string {
  if (Buffer.byteLength(run) <= longestFolder) return run;
  const name = createHash('sha256').update(run).digest('hex').slice(0, 12);
  const folder = join(tmpdir(), `flotilla-${process.getuid?.() ?? 0}-${name}`);
  mkdirSync(folder, { recursive: true, mode: folderMode });
  const { uid, mode } = statSync(folder);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0) {
    throw new FlotillaError(
      'socket-folder',
      `${folder} is open to others: remove it, or use a shorter FLOTILLA_DATA_DIR`,
    );
  }
  return folder;
}
