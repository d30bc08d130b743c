import { posix } from 'node:path';
import { underBase, type FileUse } from '../model/file-use.ts';
import { parseCrtList, type CrtListEntry } from './crt-list.ts';
import type { Release } from './release.ts';

/** A crt-list or a directory of certificates: HAProxy treats both as lists of certificates. */
export interface CertificateList {
  /** As HAProxy names it: no slash at the end of a directory. */
  readonly name: string;
  readonly uses: readonly FileUse[];
  /** The list's file in the release; undefined for a directory. */
  readonly file: string | undefined;
  readonly members: readonly ListMember[];
}

export interface ListMember {
  /** The certificate as HAProxy names it. */
  readonly certificate: string;
  /** Its file in the release, when it lies there. */
  readonly file: string | undefined;
  readonly entry: CrtListEntry | undefined;
}

/** What the configuration loads, resolved against the files of one release. */
export interface FileIndex {
  readonly uses: readonly FileUse[];
  /** Uses that name exactly one file, by its path in the release. */
  readonly direct: ReadonlyMap<string, readonly FileUse[]>;
  readonly lists: readonly CertificateList[];
  /** Every certificate HAProxy holds, by its name, with its file in the release. */
  readonly certificates: ReadonlyMap<string, string | undefined>;
}

/** Files that belong to a certificate beside them and are loaded with it (configuration manual, 3.1 "ssl-load-extra-files"). */
export const isCompanion = (file: string): boolean => /\.(?:key|issuer|ocsp|sctl|rsa|dsa|ecdsa)$/.test(file);

export function indexFiles(release: Release, uses: readonly FileUse[], crtBase: string | undefined): FileIndex {
  const direct = new Map<string, FileUse[]>();
  const byList = new Map<string, FileUse[]>();
  const certificates = new Map<string, string | undefined>();
  const push = (map: Map<string, FileUse[]>, key: string, use: FileUse) => {
    const known = map.get(key);
    if (known) known.push(use);
    else map.set(key, [use]);
  };
  for (const use of uses) {
    if (use.kind === 'other') continue;
    const file = fileOf(release, use.name);
    const isFile = file !== undefined && release.files.has(file);
    if (isFile) push(direct, file, use);
    if (use.kind === 'crt-list' || (use.kind === 'crt' && !isFile)) push(byList, withoutSlash(use.name), use);
    else if (use.kind === 'crt' || use.kind === 'server-crt') certificates.set(use.name, isFile ? file : undefined);
  }
  const lists = [...byList].map(([name, listUses]) => readList(release, name, listUses, crtBase));
  for (const { certificate, file } of lists.flatMap((list) => list.members)) certificates.set(certificate, file);
  return { uses, direct, lists, certificates };
}

function readList(
  release: Release,
  name: string,
  uses: readonly FileUse[],
  crtBase: string | undefined,
): CertificateList {
  const file = fileOf(release, name);
  const list = file === undefined ? undefined : release.files.get(file);
  if (list && uses[0]?.kind === 'crt-list') {
    const members = parseCrtList(list.read()).map((entry): ListMember => {
      const certificate = underBase(entry.certificate, crtBase);
      return { certificate, file: knownFile(release, certificate), entry };
    });
    return { name, uses, file, members };
  }
  const folder = file === undefined ? undefined : `${file}/`;
  const names = folder === undefined ? [] : [...release.files.keys()].filter((path) => inFolder(path, folder)).sort();
  const members = names.map((path): ListMember => ({
    certificate: `${name}/${posix.basename(path)}`,
    file: path,
    entry: undefined,
  }));
  return { name, uses, file: undefined, members };
}

/** What HAProxy loads of a directory: no hidden files, no companions, nothing from folders in it. */
function inFolder(path: string, folder: string): boolean {
  if (!path.startsWith(folder)) return false;
  const base = path.slice(folder.length);
  return !base.includes('/') && !base.startsWith('.') && !isCompanion(base);
}

const withoutSlash = (name: string): string => name.replace(/(?<=.)\/+$/, '');

function knownFile(release: Release, name: string): string | undefined {
  const file = fileOf(release, name);
  return file !== undefined && release.files.has(file) ? file : undefined;
}

/** The path inside the release that a name of the configuration stands for, when it lies there. */
export function fileOf(release: Release, name: string): string | undefined {
  const normal = withoutSlash(posix.normalize(name));
  return normal.startsWith(`${release.root}/`) ? normal.slice(release.root.length + 1) : undefined;
}

/** Settings that only name a folder to look in. */
const folderSettings = new Set(['crt-base', 'key-base', 'ca-base', 'chroot', 'default-path', 'lua-prepend-path']);

/**
 * A use that may be of the file and is not known to be of a kind that a runtime update covers: a word with its name in
 * it, however it is quoted or relative; a word that names a folder it lies in; a word from the environment that stands
 * for a file. Words of the environment that stand for anything else count only when the file has no use that is known.
 */
export function mentionOf(index: FileIndex, release: Release, file: string, known: boolean): FileUse | undefined {
  const path = `${release.root}/${file}`;
  return index.uses.find((use) => {
    if (use.opaque !== undefined) return use.opaque === 'certainly' || !known || namesFile(use.name, path);
    if (use.kind !== 'other' && fileOf(release, use.name) !== undefined) return false;
    return (
      namesFile(use.name, path) || (!folderSettings.has(use.line.keyword) && namesFolder(use.name, path, release.root))
    );
  });
}

/** The file's own name as a part of the word: what stands before it may be any way to its folder. */
export function namesFile(word: string, path: string): boolean {
  const name = posix.basename(path);
  for (let at = word.indexOf(name); at >= 0; at = word.indexOf(name, at + 1)) {
    const around = word.charAt(at - 1) + word.charAt(at + name.length);
    // A name without a dot is a keyword as well.
    if (!/[\w.-]/.test(around) && (name.includes('.') || word.includes('/'))) return true;
  }
  return false;
}

/** The root or a folder below it in which the file lies, by an absolute path anywhere in the word or as a relative one. */
export function namesFolder(word: string, path: string, root: string): boolean {
  const isFolder = (name: string) => path.startsWith(`${withoutSlash(posix.normalize(name))}/`);
  for (let at = word.indexOf(root); at >= 0; at = word.indexOf(root, at + 1))
    if (isFolder(word.slice(at).replace(/[\s"',;)\]].*$/s, ''))) return true;
  if (word.startsWith('/')) return posix.normalize(word).startsWith(root) && isFolder(word);
  const relative = withoutSlash(posix.normalize(word));
  if (relative.startsWith('..')) return true;
  return posix
    .dirname(path)
    .split('/')
    .some((_, at, parts) =>
      parts
        .slice(0, at + 1)
        .join('/')
        .endsWith(`/${relative}`),
    );
}
