import { type Stats, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { reasonOf } from '@flotilla/domain';
import { fileMode, folderMode, replaceFile, switchSymlink } from './durable.ts';
import { type StorePaths, releaseName, temporaryPrefix } from './paths.ts';
import type { PlacedRelease } from './placed-release.ts';
import { type Tree, treesOf } from './trees.ts';

/** Files of a release's own folder. */
export type Texts = readonly (readonly [name: string, content: Buffer | string])[];

/** Something on the disk that is not as the agent left it. */
export interface Damage {
  /** For the log, without any content. */
  readonly what: string;
  readonly mend: () => string[];
}

/**
 * What a person changed of a release on the disk: files that were edited, removed or added, and links.
 * A file is read when it changed since it was found right (`seen`: inode, size and change time, which no one sets at
 * will), so a look at a thousand certificates is a thousand stat(2). What a file should hold goes by its path, which has
 * the digest of its release or tree in it.
 */
export function findDamage(
  paths: StorePaths,
  texts: Texts,
  placed: PlacedRelease,
  seen: Map<string, string>,
): readonly Damage[] {
  const { manifest } = placed;
  const folder = join(paths.releases, releaseName(manifest));
  const comparison = compare(paths, seen);
  const own = new Set<string>();
  for (const [text, content] of texts) {
    own.add(join(folder, text));
    comparison.file(join(folder, text), () => content);
  }
  for (const { name, digest } of compareTrees(comparison, paths, placed)) {
    own.add(join(folder, name));
    comparison.link(join(folder, name), join('..', '..', basename(paths.trees), digest));
  }
  comparison.nothingElse(folder, own);
  comparison.link(paths.current, join(basename(paths.releases), releaseName(manifest)));
  seen.clear();
  for (const [path, mark] of comparison.right) seen.set(path, mark);
  return comparison.damage;
}

/** The same of its trees alone, which releases share. */
export function findTreeDamage(paths: StorePaths, placed: PlacedRelease): readonly Damage[] {
  const comparison = compare(paths, new Map());
  compareTrees(comparison, paths, placed);
  return comparison.damage;
}

function compareTrees(
  { file, nothingElse }: Comparison,
  { trees, current }: StorePaths,
  placed: PlacedRelease,
): Tree[] {
  const found = [...treesOf(placed.manifest, current).values()];
  for (const { name, digest, files } of found) {
    const at = join(trees, digest);
    const inner = files.map(({ path }) => [path, join(at, path.slice(name.length + 1))] as const);
    for (const [path, full] of inner) file(full, () => placed.content(path));
    nothingElse(at, new Set(inner.map(([, full]) => full)));
  }
  return found;
}

interface Comparison {
  readonly damage: readonly Damage[];
  /** Files that are right, with their marks. */
  readonly right: ReadonlyMap<string, string>;
  file(path: string, wanted: () => Buffer | string): void;
  link(path: string, target: string): void;
  nothingElse(folder: string, wanted: ReadonlySet<string>): void;
}

function compare({ root }: StorePaths, seen: ReadonlyMap<string, string>): Comparison {
  const damage: Damage[] = [];
  const right = new Map<string, string>();
  const name = (path: string) => relative(root, path);
  return {
    damage,
    right,
    file(path, wanted) {
      const stat = look(path);
      const mark = stat?.isFile() ? `${stat.ino} ${stat.size} ${stat.ctimeMs}` : undefined;
      if (stat && mark !== undefined && (seen.get(path) === mark || (isPrivate(stat) && holds(path, wanted())))) {
        right.set(path, mark);
        return;
      }
      const what = `${name(path)} ${stat ? 'was changed' : 'was removed'}`;
      damage.push({ what, mend: () => putFile(path, wanted()) });
    },
    link(path, target) {
      const stat = look(path);
      if (stat?.isSymbolicLink() && readlinkSync(path) === target) return;
      const what = `${name(path)} ${stat ? 'led elsewhere' : 'was removed'}`;
      damage.push({ what, mend: () => putLink(path, target) });
    },
    nothingElse(folder, wanted) {
      for (const path of filesUnder(folder)) {
        if (wanted.has(path) || basename(path).startsWith(temporaryPrefix)) continue;
        damage.push({ what: `${name(path)} was added`, mend: () => remove(path) });
      }
    },
  };
}

export interface Mended {
  /** In words. */
  readonly mended: readonly string[];
  /** The files that were written. */
  readonly written: readonly string[];
  /** Of what could not be mended, the first. */
  readonly failed?: Error;
}

/** Files first, `current` last, as `findDamage` lists them. What cannot be mended does not keep the rest from it. */
export function mendRelease(damage: readonly Damage[]): Mended {
  const mended: string[] = [];
  const written: string[] = [];
  const failures: Error[] = [];
  for (const { what, mend } of damage) {
    try {
      written.push(...mend());
      mended.push(what);
    } catch (error) {
      failures.push(new Error(`${what} and cannot be mended: ${reasonOf(error)}`, { cause: error }));
    }
  }
  return { mended, written, ...(failures[0] && { failed: failures[0] }) };
}

/** As the agent writes its files. */
const isPrivate = ({ uid, mode }: Stats): boolean => uid === process.getuid?.() && (mode & 0o777) === fileMode;

/** What cannot be read counts as changed. */
const holds = (path: string, content: Buffer | string): boolean => {
  try {
    return readFileSync(path).equals(Buffer.from(content));
  } catch {
    return false;
  }
};

const look = (path: string): Stats | undefined => {
  try {
    return lstatSync(path);
  } catch {
    return undefined; // It is not there, or what should be its folder is none.
  }
};

/** Under a new inode: other trees share the one that was edited, and each mends its own. */
function putFile(path: string, content: Buffer | string): string[] {
  makeFolder(dirname(path));
  replaceFile(path, content);
  return [path];
}

function putLink(path: string, target: string): string[] {
  makeFolder(dirname(path));
  switchSymlink(path, target);
  return [];
}

function remove(path: string): string[] {
  rmSync(path, { force: true });
  return [];
}

function makeFolder(path: string): void {
  const found = look(path);
  if (found && !found.isDirectory()) rmSync(path);
  mkdirSync(path, { recursive: true, mode: folderMode });
}

function filesUnder(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesUnder(path) : [path];
    });
  } catch {
    return [];
  }
}
