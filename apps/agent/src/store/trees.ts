import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { link, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Manifest, type ManifestFile, holdsToken } from '@flotilla/domain';
import { flushFolder, folderMode, temporaryBeside, writeFlushed } from './durable.ts';
import { inParallel } from './in-parallel.ts';
import type { PlacedRelease } from './placed-release.ts';

/** One folder of a bundle, e.g. `ssl`; releases in which it is the same share it on disk. */
export interface Tree {
  readonly name: string;
  /** Names the folder under `trees/`. */
  readonly digest: string;
  /** Paths with the tree's name in front, as in the manifest. */
  readonly files: readonly ManifestFile[];
}

/** The trees of a bundle by name. `root` counts where the files hold paths under it. */
export function treesOf({ files }: Manifest, root: string): Map<string, Tree> {
  const groups = new Map<string, ManifestFile[]>();
  for (const file of files) {
    const slash = file.path.indexOf('/');
    if (slash < 0) continue;
    const name = file.path.slice(0, slash);
    const group = groups.get(name);
    if (group) group.push(file);
    else groups.set(name, [file]);
  }
  const tree = ([name, group]: [string, ManifestFile[]]): [string, Tree] => {
    const hash = createHash('sha256').update(holdsToken(`${name}/`) ? root : '');
    for (const { path, digest } of group) hash.update(`\0${path}\0${digest}`);
    return [name, { name, digest: hash.digest('hex').slice(0, 32), files: group }];
  };
  return new Map([...groups].map(tree));
}

/**
 * Writes a tree unless it is there. A file that the tree before has with the same content becomes a hard link to it,
 * so that one new certificate among a thousand costs one file.
 */
export async function writeTree(trees: string, tree: Tree, placed: PlacedRelease, before?: Tree): Promise<void> {
  const folder = join(trees, tree.digest);
  if (await exists(folder)) {
    if (hasFiles(trees, tree)) return;
    await rm(folder, { recursive: true, force: true }); // Somebody removed a file of it, or made it longer.
  }
  const temporary = temporaryBeside(folder);
  try {
    const folders = foldersOf(tree).map((name) => join(temporary, name));
    for (const path of folders) await mkdir(path, { mode: folderMode });
    const had = new Map(before?.files.map(({ path, digest }) => [path, digest]));
    await inParallel(tree.files, async ({ path, digest }) => {
      const inner = path.slice(tree.name.length + 1);
      const target = join(temporary, inner);
      if (before && had.get(path) === digest && (await linked(join(trees, before.digest, inner), target))) return;
      await writeFlushed(target, placed.content(path));
    });
    await inParallel(folders, flushFolder);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
  await flushFolder(trees);
}

/** Whether all files of a tree are there, by their sizes where the node's path in them does not change those. */
export const hasFiles = (trees: string, { name, digest, files }: Tree): boolean =>
  files.every(({ path, size }) => {
    const found = statSync(join(trees, digest, path.slice(name.length + 1)), { throwIfNoEntry: false });
    return found !== undefined && (holdsToken(path) || found.size === size);
  });

/** The tree's own folder ('') and those in it, parents first. */
function foldersOf({ name, files }: Tree): string[] {
  const folders = new Set(['']);
  for (const { path } of files) {
    const parts = dirname(path.slice(name.length + 1)).split('/');
    if (parts[0] !== '.') parts.forEach((_, at) => folders.add(parts.slice(0, at + 1).join('/')));
  }
  return [...folders].sort();
}

/** False when the file to link to is not there any more. */
async function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    () => false,
  );
}

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
