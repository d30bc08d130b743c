import { z } from 'zod';
import { mkdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { readdir, readlink, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { LoadedArtifact } from '@flotilla/artifact';
import { type Manifest, digestOf, layout, unplaceFile, parseAs, manifestSchema } from '@flotilla/domain';
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
import { type Damage, type Mended, type Texts, findDamage, findTreeDamage, mendRelease } from './damage.ts';
import { type StorePaths, ownFiles, releaseName, temporaryPrefix } from './paths.ts';
import { type PlacedRelease, placeArtifact, releaseModel } from './placed-release.ts';
import { type AgentState, readState, writeState } from './state-file.ts';
import { exists, hasFiles, treesOf, writeTree } from './trees.ts';

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
  /** What the agent before this one left, empty where there is nothing that can be read. */
  readState(onOdd: (reason: string) => void): Promise<AgentState>;
  /** Replaces the state file. */
  writeState(state: AgentState): void;
  /** The release `current` points to, when it is whole. */
  current(before?: ConfigModel): Promise<PlacedRelease | undefined>;
  load(name: string, before?: ConfigModel): Promise<PlacedRelease | undefined>;
  /**
   * Compares what is on the disk with a release whose content is in memory, and mends what was edited, removed or added
   * by hand.
   */
  mend(placed: PlacedRelease, ownConfig: string): Promise<Mended>;
  /** The same of the trees of a release, whether or not it is the one on the disk. */
  mendTrees(placed: PlacedRelease): Promise<Mended>;
  /** The artifact a release was placed from, byte for byte, or undefined when that cannot be told from the files. */
  artifactOf(placed: PlacedRelease): LoadedArtifact | undefined;
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
  makeFolders(paths);
  for (const folder of [paths.root, paths.releases, paths.trees]) await removeLeftovers(folder);

  let unflushed = new Set<string>();
  let unflushedSince: number | undefined;
  const note = (...files: string[]) => {
    unflushedSince ??= performance.now();
    for (const file of files) unflushed.add(file);
  };

  const mendAll = (damage: readonly Damage[]): Mended => {
    const found = mendRelease(damage);
    if (found.mended.length > 0) note(...found.written);
    return found;
  };

  const seen = new Map<string, string>();
  /** The agent's own file of the release that was written last. */
  let own: { readonly name: string; readonly text: string } | undefined;

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
    for (const tree of treesOf(manifest, paths.current).values()) {
      if (!(await exists(join(paths.trees, tree.digest))) || !hasFiles(paths.trees, tree)) return undefined;
    }
    const content = (path: string): Buffer => readFileSync(join(folder, path));
    try {
      const release = releaseModel(manifest, paths.current, content, before);
      const placed = { manifest, inMemory: false, content, release };
      const held = artifactOf(placed, paths.current);
      return held ? placeArtifact(held, paths.current, release.config) : placed;
    } catch {
      return undefined; // A file is missing.
    }
  };

  return {
    paths,
    load,
    write: (placed, ownConfig, before) =>
      inTurn(async () => {
        makeFolders(paths);
        note(...(await writeRelease(paths, placed, ownConfig, before)));
        own = { name: releaseName(placed.manifest), text: ownConfig };
      }),
    switchTo(manifest) {
      switchSymlink(paths.current, join(basename(paths.releases), releaseName(manifest)));
    },
    switchToNothing() {
      rmSync(paths.current, { force: true, recursive: true });
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
    readState: (onOdd) => readState(paths.state, onOdd),
    writeState(state) {
      writeState(paths.state, state);
      note(paths.state);
    },
    async current(before) {
      const target = await readlink(paths.current).catch(() => undefined);
      return target === undefined ? undefined : load(basename(target), before);
    },
    mend: (placed, ownConfig) =>
      inTurn(() => {
        makeFolders(paths);
        const written = own?.name === releaseName(placed.manifest) ? own.text : ownConfig;
        return Promise.resolve(mendAll(findDamage(paths, textsOf(placed, written), placed, seen)));
      }),
    mendTrees: (placed) => inTurn(() => Promise.resolve(mendAll(findTreeDamage(paths, placed)))),
    artifactOf: (placed) => artifactOf(placed, paths.current),
    collect: (keep) => inTurn(() => collect(paths, keep)),
  };
}

/** What a person removed is made again. */
function makeFolders({ root, releases, trees, check, run }: StorePaths): void {
  for (const folder of [root, releases, trees, check, run]) mkdirSync(folder, { recursive: true, mode: folderMode });
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
  const files = textsOf(placed, ownConfig);
  const written = files.map(([name]) => join(folder, name));

  // Also for a release that is there: somebody may have removed them.
  const trees = treesOf(manifest, paths.current);
  const treesBefore = before && treesOf(before, paths.current);
  for (const tree of trees.values()) await writeTree(paths.trees, tree, placed, treesBefore?.get(tree.name));

  const links = [...trees.values()].map(({ name, digest }) => [name, join('..', '..', basename(paths.trees), digest)]);
  const there = readStored(folder);
  const isLinked = links.every(([name = '', target]) => linkTarget(join(folder, name)) === target);
  if (there?.manifest.digest === manifest.digest && isWhole(folder, there) && isLinked) {
    // What is not in the digest may differ (the agent's own file, the life of Redis), and what was edited by hand.
    for (const [name, content] of files) {
      const path = join(folder, name);
      if (!readFileSync(path).equals(Buffer.from(content))) replaceFile(path, content);
    }
    return written;
  }
  const temporary = temporaryBeside(folder);
  try {
    mkdirSync(temporary, { mode: folderMode });
    for (const [name, content] of files) writeNew(join(temporary, name), content);
    for (const [name = '', target = ''] of links) symlinkSync(target, join(temporary, name));
    rmSync(folder, { recursive: true, force: true }); // A release of this name that is not whole.
    renameSync(temporary, folder);
    return written;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    throw error;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // There is none.
  }
}

/** The files of a release's own folder, in the order in which they are written. */
function textsOf(placed: PlacedRelease, ownConfig: string): Texts {
  const { manifest } = placed;
  const single = manifest.files.filter(({ path }) => !path.includes('/'));
  const texts: [string, Buffer | string][] = [
    ...single.map(({ path }): [string, Buffer] => [path, placed.content(path)]),
    [ownFiles.config, ownConfig],
  ];
  const sizes = Object.fromEntries(texts.map(([name, content]) => [name, Buffer.byteLength(content)]));
  return [...texts, [ownFiles.manifest, JSON.stringify({ manifest, sizes } satisfies Stored)]];
}

/** What `manifest.json` holds: the manifest, and the bytes each file of the folder has once it is placed. */
interface Stored {
  readonly manifest: Manifest;
  readonly sizes: Readonly<Record<string, number>>;
}

const storedSchema = z.object({ manifest: manifestSchema, sizes: z.record(z.string(), z.number()) });

function readStored(folder: string): Stored | undefined {
  try {
    return parseAs(storedSchema, readFileSync(join(folder, ownFiles.manifest), 'utf8'));
  } catch {
    return undefined;
  }
}

/** A file whose content was lost with the node's power is shorter than it should be (ext4(5), `data=ordered`). */
const isWhole = (folder: string, { sizes }: Stored): boolean =>
  Object.entries(sizes).every(([name, size]) => statSync(join(folder, name), { throwIfNoEntry: false })?.size === size);

/** Undefined when a template holds this node's path literally, or a file was changed by hand. */
function artifactOf({ manifest, content }: PlacedRelease, root: string): LoadedArtifact | undefined {
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
  // By when they came: numbers of another life of the data may be higher.
  const cameAt = new Map(
    names.map((name) => [name, statSync(join(paths.releases, name), { throwIfNoEntry: false })?.mtimeMs ?? 0]),
  );
  const newest = [...names].sort((a, b) => (cameAt.get(b) ?? 0) - (cameAt.get(a) ?? 0)).slice(0, newestKept);
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
