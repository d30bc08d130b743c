import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { mkdir, readdir, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { HeldArtifact } from '@flotilla/artifact';
import { type Manifest, digestOf, layout } from '@flotilla/domain';
import { type ConfigModel } from '@flotilla/haproxy';
import {
  flushFile,
  flushFolder,
  folderMode,
  replaceFile,
  switchSymlink,
  temporaryBeside,
  writeNew,
} from './durable.ts';
import { inParallel } from './in-parallel.ts';
import { type StorePaths, ownFiles, releaseName, temporaryPrefix } from './paths.ts';
import { type PlacedRelease, releaseModel, unplaceFile } from './placed-release.ts';
import { type AgentState, writeState } from './state-file.ts';
import { exists, treesOf, writeTree } from './trees.ts';

/**
 * Releases on this node's disk.
 *
 * Every release is written beside its place and renamed into it, and `current` is switched by a rename too: an agent
 * that is killed at any moment leaves nothing half done under a name that counts, only leftovers that the next one
 * removes.
 *
 * A node that loses its power is another matter: until `flush` a name may be on the disk and its content not. A release
 * that is not whole is not taken for one (`current`, `load`), so the one before it is gone back to.
 */
export interface ReleaseStore {
  readonly paths: StorePaths;
  /** Writes a release unless it is there; what it shares with `before` is not written again. */
  write(placed: PlacedRelease, ownConfig: string, before?: Manifest): Promise<void>;
  /** From now on a start of HAProxy reads this release. */
  switchTo(manifest: Manifest): void;
  /** From now on a start of HAProxy finds nothing: no version ever ran well here. */
  switchToNothing(): void;
  /** Puts everything that was written since the last time on the disk (fsync(2)). */
  flush(): Promise<void>;
  /** Since when there is something to flush (performance.now()), if there is. */
  readonly unflushedSince: number | undefined;
  /** Replaces the state file. */
  writeState(state: AgentState): void;
  /** The release `current` points to, when it is whole. */
  current(before?: ConfigModel): Promise<PlacedRelease | undefined>;
  load(name: string, before?: ConfigModel): Promise<PlacedRelease | undefined>;
  /** The artifact a release was placed from, byte for byte, or undefined when that cannot be told from the files. */
  artifactOf(placed: PlacedRelease): HeldArtifact | undefined;
  /** Removes all releases but those named and the newest few, trees nobody uses, and leftovers. */
  collect(keep: readonly string[]): Promise<void>;
}

/** Releases kept besides those in use, for an operator who wants to look at them. */
const newestKept = 3;
/** Releases that may lie around before they are collected: a burst of versions is cleaned up in one go. */
const slack = 8;

/** Opens the folder, makes what is missing in it (mode 0700) and removes what a killed agent left. */
export async function openReleaseStore(paths: StorePaths): Promise<ReleaseStore> {
  await rm(paths.check, { recursive: true, force: true });
  for (const folder of [paths.root, paths.releases, paths.trees, paths.check, paths.run]) {
    await mkdir(folder, { recursive: true, mode: folderMode });
  }
  for (const folder of [paths.root, paths.releases, paths.trees]) await removeLeftovers(folder);

  let unflushed = new Set<string>();
  let unflushedSince: number | undefined;
  const note = (...files: string[]) => {
    unflushedSince ??= performance.now();
    for (const file of files) unflushed.add(file);
  };

  // Writing and collecting take turns: what is being written is not in use yet.
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = turn.then(work);
    turn = next.catch(() => undefined);
    return next;
  };

  const load = async (name: string, before?: ConfigModel): Promise<PlacedRelease | undefined> => {
    const folder = join(paths.releases, name);
    const stored = readStored(folder);
    if (!stored || releaseName(stored.manifest) !== name || !isWhole(folder, stored)) return undefined;
    const { manifest } = stored;
    for (const { digest } of treesOf(manifest, paths.current).values()) {
      if (!(await exists(join(paths.trees, digest)))) return undefined;
    }
    const content = (path: string): Buffer => readFileSync(join(folder, path));
    try {
      return { manifest, content, release: releaseModel(manifest, paths.current, content, before) };
    } catch {
      return undefined; // A file is missing.
    }
  };

  return {
    paths,
    load,
    write: (placed, ownConfig, before) =>
      inTurn(async () => {
        note(...(await writeRelease(paths, placed, ownConfig, before)));
      }),
    switchTo(manifest) {
      switchSymlink(paths.current, join(basename(paths.releases), releaseName(manifest)));
    },
    switchToNothing() {
      rmSync(paths.current, { force: true });
    },
    get unflushedSince() {
      return unflushedSince;
    },
    async flush() {
      const files = [...unflushed];
      unflushed = new Set();
      unflushedSince = undefined;
      try {
        await Promise.all(files.map(flushFile));
        await Promise.all([flushFolder(paths.releases), flushFolder(paths.root)]);
      } catch (error) {
        note(...files);
        throw error;
      }
    },
    writeState(state) {
      writeState(paths.state, state);
      note(paths.state);
    },
    async current(before) {
      const target = await readlink(paths.current).catch(() => undefined);
      return target === undefined ? undefined : load(basename(target), before);
    },
    artifactOf: (placed) => artifactOf(placed, paths.current),
    collect: (keep) => inTurn(() => collect(paths, keep)),
  };
}

/** Gives the files it wrote. */
async function writeRelease(
  paths: StorePaths,
  placed: PlacedRelease,
  ownConfig: string,
  before?: Manifest,
): Promise<string[]> {
  const { manifest } = placed;
  const folder = join(paths.releases, releaseName(manifest));
  const single = manifest.files.filter(({ path }) => !path.includes('/')).map(({ path }) => path);
  const texts: [string, Buffer | string][] = [
    ...single.map((path): [string, Buffer] => [path, placed.content(path)]),
    [ownFiles.config, ownConfig],
  ];
  const sizes = Object.fromEntries(texts.map(([name, content]) => [name, Buffer.byteLength(content)]));
  const files = [...texts, [ownFiles.manifest, JSON.stringify({ manifest, sizes } satisfies Stored)] as const];
  const written = files.map(([name]) => join(folder, name));

  const there = readStored(folder);
  if (there?.manifest.digest === manifest.digest && isWhole(folder, there)) {
    // Only what is not in the digest may differ: the agent's own file, and the life of Redis it belongs to.
    for (const [name, content] of files.slice(single.length)) replaceFile(join(folder, name), content);
    return written;
  }
  const trees = treesOf(manifest, paths.current);
  const treesBefore = before && treesOf(before, paths.current);
  for (const tree of trees.values()) await writeTree(paths.trees, tree, placed, treesBefore?.get(tree.name));

  const temporary = temporaryBeside(folder);
  try {
    mkdirSync(temporary, { mode: folderMode });
    for (const [name, content] of files) writeNew(join(temporary, name), content);
    for (const { name, digest } of trees.values()) {
      symlinkSync(join('..', '..', basename(paths.trees), digest), join(temporary, name));
    }
    rmSync(folder, { recursive: true, force: true }); // A release of this name that is not whole.
    renameSync(temporary, folder);
    return written;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** What `manifest.json` holds: the manifest, and the bytes each file of the folder has once it is placed. */
interface Stored {
  readonly manifest: Manifest;
  readonly sizes: Readonly<Record<string, number>>;
}

function readStored(folder: string): Stored | undefined {
  try {
    const read = JSON.parse(readFileSync(join(folder, ownFiles.manifest), 'utf8')) as Partial<Stored>;
    return read.manifest && read.sizes ? { manifest: read.manifest, sizes: read.sizes } : undefined;
  } catch {
    return undefined;
  }
}

/** A file whose content was lost with the node's power is shorter than it should be (ext4(5), `data=ordered`). */
const isWhole = (folder: string, { sizes }: Stored): boolean =>
  Object.entries(sizes).every(([name, size]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === size);

/** Undefined when a template holds this node's path literally, or a file was changed by hand. */
function artifactOf({ manifest, content }: PlacedRelease, root: string): HeldArtifact | undefined {
  const files = new Map<string, Buffer>();
  try {
    for (const { path, digest } of manifest.files) {
      const bytes = unplaceFile(path, content(path), root);
      if (digestOf(bytes) !== digest) return undefined;
      files.set(path, bytes);
    }
  } catch {
    return undefined;
  }
  return files.has(layout.config) ? { manifest, files } : undefined;
}

async function collect(paths: StorePaths, keep: readonly string[]): Promise<void> {
  const names = (await readdir(paths.releases)).filter((name) => !name.startsWith(temporaryPrefix));
  const newest = [...names].sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10)).slice(0, newestKept);
  const current = await readlink(paths.current).catch(() => '');
  const kept = new Set([...keep, ...newest, basename(current)]);
  const stale = names.filter((name) => !kept.has(name));
  if (stale.length < slack) return;
  await inParallel(stale, (name) => rm(join(paths.releases, name), { recursive: true, force: true }));
  const used = new Set<string>();
  for (const name of names.filter((candidate) => kept.has(candidate))) {
    const stored = readStored(join(paths.releases, name));
    if (stored) for (const { digest } of treesOf(stored.manifest, paths.current).values()) used.add(digest);
  }
  const unused = (await readdir(paths.trees)).filter((name) => !used.has(name));
  await inParallel(unused, (name) => rm(join(paths.trees, name), { recursive: true, force: true }));
}

async function removeLeftovers(folder: string): Promise<void> {
  const left = (await readdir(folder)).filter((name) => name.startsWith(temporaryPrefix));
  await inParallel(left, (name) => rm(join(folder, name), { recursive: true, force: true }));
}
