import { type Manifest, digestOfFiles, manifestSchema, readJson } from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';

/**
 * Reads a stored manifest and proves that its files lead to its digest.
 * Throws `ArtifactError` (`artifact-damaged`) for anything else.
 */
export function parseManifest(text: string): Manifest {
  const read = readJson(manifestSchema, text);
  if (!read.ok) throw new ArtifactError('artifact-damaged', `a stored manifest cannot be read: ${read.reason}`);
  const manifest = read.value;
  if (digestOfFiles(manifest.files) !== manifest.digest) {
    throw new ArtifactError('artifact-damaged', `the manifest of version ${manifest.version} does not fit its digest`, {
      data: { version: manifest.version, digest: manifest.digest },
    });
  }
  return manifest;
}
