import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { mkdir, realpath } from 'node:fs/promises';
import { FlotillaError } from '@flotilla/domain';
import { folderMode } from './durable.ts';

/**
 * Makes sure that one agent works with a data folder. The claim is an abstract unix socket (unix(7)): the kernel takes
 * it back when its process ends, however that happens, so no file is left that could block the next agent.
 * Throws `FlotillaError` (`data-dir-in-use`). Gives how the claim is given up.
 */
export async function claimFolder(root: string): Promise<() => Promise<void>> {
  await mkdir(root, { recursive: true, mode: folderMode });
  const name = createHash('sha256')
    .update(await realpath(root))
    .digest('hex')
    .slice(0, 32);
  const claim = createServer();
  await new Promise<void>((resolve, reject) => {
    claim.once('error', reject).listen(`\0flotilla-agent-${name}`, resolve);
  }).catch((cause: unknown) => {
    throw new FlotillaError(
      'data-dir-in-use',
      `another agent works with ${root}: stop it, or give this one a FLOTILLA_DATA_DIR of its own`,
      { cause },
    );
  });
  claim.unref();
  return () =>
    new Promise((resolve) => {
      claim.close(() => {
        resolve();
      });
    });
}
