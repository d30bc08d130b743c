import { type Manifest, digestOfFiles, isSafePath } from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';

/**
 * Reads a stored manifest and proves that its files lead to its digest.
 * Throws `ArtifactError` (`artifact-damaged`) for anything else.
 */
export function parseManifest(text: string): Manifest {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text) as Manifest;
    const fits =
      typeof manifest.epoch === 'string' &&
      typeof manifest.digest === 'string' &&
      Number.isSafeInteger(manifest.version) &&
      Number.isSafeInteger(manifest.revision) &&
      manifest.files.every(({ path, digest, size }) => isSafePath(path) && digest.length === 64 && size >= 0);
    if (!fits) throw new TypeError('it has not the form of a manifest');
  } catch (error) {
    throw new ArtifactError('artifact-damaged', 'a stored manifest cannot be read', { cause: error });
  }
  if (digestOfFiles(manifest.files) !== manifest.digest) {
    throw new ArtifactError('artifact-damaged', `the manifest of version ${manifest.version} does not fit its digest`, {
      data: { version: manifest.version, digest: manifest.digest },
    });
  }
  return manifest;
}
