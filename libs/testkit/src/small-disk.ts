import { spawnSync } from 'node:child_process';
import { rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onCleanup } from './cleanup.ts';
import { temporaryFolder } from './folder.ts';

export interface SmallDisk {
  readonly path: string;
  /** Takes all that is left, so that not a byte more can be written. */
  fill(): void;
  /** Gives it back. */
  empty(): void;
  /** Nothing can be written until `unlock`, as after an error of the disk. */
  lock(): void;
  unlock(): void;
}

/** Only root may mount. */
export const canMountDisks = process.getuid?.() === 0;

/** A file system of its own, of so many MB. */
export function smallDisk(sizeMb: number): SmallDisk {
  const { path } = temporaryFolder('disk');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=0700`, 'tmpfs', path]);
  if (mounted.status !== 0) throw new Error(`no tmpfs can be mounted: ${mounted.stderr.toString()}`);
  onCleanup(() => {
    spawnSync('umount', ['--lazy', path]);
  });
  const remount = (how: 'ro' | 'rw'): void => {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,${how}`, path]);
    if (status !== 0) throw new Error(`the tmpfs cannot be made ${how}: ${stderr.toString()}`);
  };
  const filler = join(path, 'filler');
  return {
    path,
    fill() {
      const { bavail, bsize } = statfsSync(path);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    empty() {
      rmSync(filler);
    },
    lock() {
      remount('ro');
    },
    unlock() {
      remount('rw');
    },
  };
}
