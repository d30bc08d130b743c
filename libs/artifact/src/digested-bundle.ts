import { type BundleFile, type Digest, type ManifestFile, byPath, digestOfFiles, isSafePath } from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';

/** A bundle with every digest: what a manifest says of it, and its bytes by path and by digest. */
export interface DigestedBundle {
  readonly digest: Digest;
  /** Sorted by path. */
  readonly files: readonly ManifestFile[];
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** Throws `ArtifactError` (`bundle`) for a path that leaves the release folder or appears twice. */
export function digestBundle(bundle: readonly BundleFile[]): DigestedBundle {
  const contents = new Map<string, Buffer>();
  const files: ManifestFile[] = [];
  for (const { path, content, digest } of [...bundle].sort(byPath)) {
    if (!isSafePath(path)) throw new ArtifactError('bundle', `the bundle's path "${path}" leaves the release folder`);
    if (contents.has(path)) throw new ArtifactError('bundle', `the bundle has two files at "${path}"`);
    contents.set(path, content);
    files.push({ path, digest, size: content.length });
  }
  return { digest: digestOfFiles(files), files, contents };
}
