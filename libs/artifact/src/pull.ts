import type { Redis } from 'ioredis';
import {
  type ArtifactIdentity,
  type Digest,
  type FleetName,
  type Manifest,
  type Sealer,
  fleetKeys,
  sameArtifact,
} from '@flotilla/domain';
import { readBlobs } from './blobs.ts';
import type { LoadedArtifact } from './delta.ts';
import { parseManifest } from './manifest-text.ts';

/**
 * Reads an artifact from its manifest and blobs; bytes that `loaded` has are not read again.
 * Undefined when it is (no longer) there. Throws what `parseManifest` and `readBlobs` throw.
 */
export async function pullArtifact(
  redis: Redis,
  fleet: FleetName,
  sealer: Sealer,
  wanted: ArtifactIdentity,
  loaded: LoadedArtifact | undefined,
): Promise<LoadedArtifact | undefined> {
  const text = await redis.hget(fleetKeys(fleet).manifests, String(wanted.version));
  if (text === null) return undefined;
  const manifest = parseManifest(text);
  if (!sameArtifact(manifest, wanted)) return undefined;
  const own = loaded ? bytesByDigest(loaded) : new Map<Digest, Buffer>();
  const missing = manifest.files.filter(({ digest }) => !own.has(digest));
  const read = await readBlobs(redis, fleet, sealer, missing);
  return assemble(manifest, (digest) => own.get(digest) ?? read.get(digest));
}

function assemble(manifest: Manifest, bytesOf: (digest: Digest) => Buffer | undefined): LoadedArtifact | undefined {
  const files = new Map<string, Buffer>();
  for (const { path, digest } of manifest.files) {
    const bytes = bytesOf(digest);
    if (!bytes) return undefined;
    files.set(path, bytes);
  }
  return { manifest, files };
}

function bytesByDigest({ manifest, files }: LoadedArtifact): Map<Digest, Buffer> {
  const own = new Map<Digest, Buffer>();
  for (const { path, digest } of manifest.files) {
    const bytes = files.get(path);
    if (bytes) own.set(digest, bytes);
  }
  return own;
}
