import type { Redis } from 'ioredis';
import { type Digest, type FleetName, type ManifestFile, type Sealer, digestOf, fleetKeys } from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';

/** One call reads at most so many blobs, so that many agents at once do not make Redis hold all of them in its buffers. */
const keysPerCall = 64;
const bytesPerCall = 4 * 1024 * 1024;

/**
 * Reads, opens and verifies the blobs of the given files; files of one digest are read once.
 * A blob that is no longer there is left out: its version was collected meanwhile.
 * Throws `SealError` or `ArtifactError` (`artifact-damaged`) for one that is not what its digest says.
 */
export async function readBlobs(
  redis: Redis,
  fleet: FleetName,
  sealer: Sealer,
  files: readonly ManifestFile[],
): Promise<Map<Digest, Buffer>> {
  const found = new Map<Digest, Buffer>();
  for (const digests of batches(files)) {
    const sealed = await redis.hmgetBuffer(fleetKeys(fleet).blobs, ...digests);
    for (const [at, digest] of digests.entries()) {
      const bytes = sealed[at];
      if (!bytes) continue;
      const content = sealer.open(bytes, digest);
      if (digestOf(content) !== digest) {
        throw new ArtifactError('artifact-damaged', `blob ${digest} of fleet ${fleet} does not fit its digest`);
      }
      found.set(digest, content);
    }
  }
  return found;
}

function* batches(files: readonly ManifestFile[]): Generator<Digest[]> {
  const sizes = new Map(files.map(({ digest, size }) => [digest, size]));
  let batch: Digest[] = [];
  let bytes = 0;
  for (const [digest, size] of sizes) {
    if (batch.length === keysPerCall || (batch.length > 0 && bytes + size > bytesPerCall)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(digest);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}
