import type { LoadedArtifact } from '@flotilla/artifact';
import { type Manifest, byPath, digestOf, digestOfFiles, epoch, fleetName, revision, version } from '@flotilla/domain';

/** An artifact from paths and texts. */
export function artifact(number: number, contents: Record<string, string | Buffer>, life = 'life-1'): LoadedArtifact {
  const files = new Map(Object.entries(contents).map(([path, content]) => [path, Buffer.from(content)]));
  const listed = [...files]
    .map(([path, bytes]) => ({ path, digest: digestOf(bytes), size: bytes.length }))
    .sort(byPath);
  const manifest: Manifest = {
    fleet: fleetName('lb'),
    epoch: epoch(life),
    version: version(number),
    digest: digestOfFiles(listed),
    revision: revision(number),
    createdAt: '2026-01-02T03:04:05.678Z',
    files: listed,
  };
  return { manifest, files };
}
