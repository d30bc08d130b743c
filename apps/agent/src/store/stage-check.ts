import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { layout } from '@flotilla/domain';
import { fileMode, folderMode } from './durable.ts';
import { inParallel } from './in-parallel.ts';
import { type StorePaths, ownFiles } from './paths.ts';
import type { PlacedRelease } from './placed-release.ts';
import { type Tree, treesOf } from './trees.ts';

export interface StagedCheck {
  /** For `haproxy -c`, in the order of their `-f`. */
  readonly files: readonly string[];
  remove(): Promise<void>;
}

/**
 * Lays a written release out in a folder of its own under `check/`, where its paths lead to its own files instead of
 * those in traffic. Nothing is flushed: it is only read once.
 */
export async function stageCheck(paths: StorePaths, placed: PlacedRelease, ownConfig: string): Promise<StagedCheck> {
  await mkdir(paths.check, { recursive: true, mode: folderMode });
  const check = await mkdtemp(join(paths.check, 'v')); // Mode 0700.
  const remove = () => rm(check, { recursive: true, force: true });
  try {
    return { files: await layOut(check, paths, placed, ownConfig), remove };
  } catch (error) {
    await remove(); // A full disk must not be filled up further.
    throw error;
  }
}

async function layOut(check: string, paths: StorePaths, placed: PlacedRelease, ownConfig: string): Promise<string[]> {
  const { current } = paths;
  const atCheck = (bytes: Buffer): Buffer =>
    bytes.includes(current) ? Buffer.from(bytes.toString('utf8').replaceAll(current, check)) : bytes;

  const single = placed.manifest.files.filter(({ path }) => !path.includes('/'));
  await inParallel(single, ({ path }) =>
    writeFile(join(check, path), atCheck(placed.content(path)), { mode: fileMode }),
  );
  const own = join(check, ownFiles.config);
  await writeFile(own, ownConfig, { mode: fileMode });

  for (const tree of treesOf(placed.manifest, current).values()) {
    const moved = tree.files.some(({ path }) => !isOpaque(path) && placed.content(path).includes(current));
    if (moved) await copyTree(check, tree, (path) => atCheck(placed.content(path)));
    else await symlink(join('..', '..', basename(paths.trees), tree.digest), join(check, tree.name));
  }
  return [join(check, layout.config), own];
}

/** PEM bundles hold no paths. */
const isOpaque = (path: string): boolean => path.startsWith(`${layout.ssl}/`);

async function copyTree(check: string, tree: Tree, content: (path: string) => Buffer): Promise<void> {
  await inParallel(tree.files, async ({ path }) => {
    const target = join(check, path);
    await mkdir(dirname(target), { recursive: true, mode: folderMode });
    await writeFile(target, content(path), { mode: fileMode });
  });
}
