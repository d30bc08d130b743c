import {
  type ArtifactIdentity,
  type Digest,
  type Manifest,
  type ManifestFile,
  byPath,
  digestOf,
  digestOfFiles,
  isSafePath,
} from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';
import type { DigestedBundle } from './digested-bundle.ts';
import { applyPatch, makePatch } from './patch.ts';

/** The way from one artifact to the next: whoever holds the base needs nothing else. */
export interface Delta {
  readonly base: Digest;
  readonly manifest: Omit<Manifest, 'files'>;
  readonly changes: readonly FileChange[];
}

export type FileChange =
  | { readonly kind: 'content'; readonly path: string; readonly bytes: Buffer }
  | {
      readonly kind: 'patch';
      readonly path: string;
      readonly start: number;
      readonly end: number;
      readonly bytes: Buffer;
    }
  | { readonly kind: 'removed'; readonly path: string };

/** An artifact with the bytes of every file. */
export interface LoadedArtifact {
  readonly manifest: Manifest;
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Longest encoded delta, in bytes; a larger change is read from the blobs. */
export const maxDeltaBytes = 256 * 1024;

/**
 * The delta from the base to the next bundle, or undefined when it would be longer than `maxDeltaBytes`.
 * `contentOf` gives the base's bytes of a path where they are at hand; without them the whole file is taken.
 */
export function makeDelta(
  base: { digest: Digest; files: ReadonlyMap<string, ManifestFile> },
  next: DigestedBundle,
  manifest: Omit<Manifest, 'files'>,
  contentOf: (path: string) => Buffer | undefined,
): Delta | undefined {
  const changes: FileChange[] = [];
  let room = maxDeltaBytes;
  for (const { path, digest } of next.files) {
    const before = base.files.get(path);
    if (before?.digest === digest) continue;
    const change = changeOf(path, before && contentOf(path), next.contents.get(path) ?? Buffer.alloc(0));
    changes.push(change);
    room -= sizeOf(change);
    if (room < 0) return undefined;
  }
  for (const path of base.files.keys()) {
    if (next.contents.has(path)) continue;
    const change: FileChange = { kind: 'removed', path };
    changes.push(change);
    room -= sizeOf(change);
  }
  return room < 0 ? undefined : { base: base.digest, manifest, changes };
}

function changeOf(path: string, before: Buffer | undefined, after: Buffer): FileChange {
  if (!before) return { kind: 'content', path, bytes: after };
  const { start, end, replacement } = makePatch(before, after);
  return { kind: 'patch', path, start, end, bytes: replacement };
}

/** Its bytes and about what its header takes. */
const sizeOf = (change: FileChange): number => change.path.length + 80 + ('bytes' in change ? change.bytes.length : 0);

/**
 * The next artifact. Throws `ArtifactError` (`artifact-damaged`) when the delta belongs to another base or its result
 * does not have the digest it should have.
 */
export function applyDelta(loaded: LoadedArtifact, { base, manifest, changes }: Delta): LoadedArtifact {
  if (loaded.manifest.digest !== base) throw damaged(manifest, 'its delta belongs to another base');
  const files = new Map(loaded.files);
  const entries = new Map(loaded.manifest.files.map((file) => [file.path, file]));
  for (const change of changes) {
    const { path } = change;
    if (!isSafePath(path)) throw damaged(manifest, `it has the unsafe path "${path}"`);
    if (change.kind === 'removed') {
      files.delete(path);
      entries.delete(path);
      continue;
    }
    const content = change.kind === 'content' ? change.bytes : patched(loaded, change, manifest);
    files.set(path, content);
    entries.set(path, { path, digest: digestOf(content), size: content.length });
  }
  const listed = [...entries.values()].sort(byPath);
  if (digestOfFiles(listed) !== manifest.digest) throw damaged(manifest, 'its delta does not lead to its digest');
  return { manifest: { ...manifest, files: listed }, files };
}

function patched(
  loaded: LoadedArtifact,
  change: Extract<FileChange, { kind: 'patch' }>,
  manifest: ArtifactIdentity,
): Buffer {
  const before = loaded.files.get(change.path);
  if (!before) throw damaged(manifest, `its delta patches "${change.path}", which the base has not`);
  try {
    return applyPatch(before, { start: change.start, end: change.end, replacement: change.bytes });
  } catch (error) {
    throw damaged(manifest, `its delta does not fit "${change.path}"`, error);
  }
}

function damaged({ version, digest }: ArtifactIdentity, why: string, cause?: unknown): ArtifactError {
  return new ArtifactError('artifact-damaged', `version ${version} cannot be built from the feed: ${why}`, {
    cause,
    data: { version, digest },
  });
}
