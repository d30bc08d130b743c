import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { FlotillaError } from '@flotilla/domain';

/**
 * Makes a folder for private keys, or takes one that is there. Who owns a folder, or may write in it, can put another in
 * the place of what is in it: so it must be this user's or root's, and nobody else may write in it. Where it is this
 * user's own that is taken back, unless the folder is there for everybody, as `/tmp` is.
 * Throws `FlotillaError` (`folder-of-others`), and what the file system throws.
 */
export function privateFolder(path: string, uid = process.getuid?.() ?? 0): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  const { uid: owner, mode } = statSync(path);
  const refuse = (why: string): never => {
    const message = `${path} ${why}; set FLOTILLA_DATA_DIR to a folder of its own`;
    throw new FlotillaError('folder-of-others', message, { data: { path } });
  };
  if (owner !== uid && owner !== 0)
    refuse(
      `belongs to user ${owner}, who could read the keys in it, and not to ${uid}, who runs this: chown it if that is wrong`,
    );
  if ((mode & othersWrite) === 0) return;
  if ((mode & sticky) !== 0 || owner !== uid)
    refuse('can be written by others, who could put something in the place of the keys in it');
  chmodSync(path, mode & 0o755);
}

const othersWrite = 0o022;
const sticky = 0o1000;
