import type { Redis } from 'ioredis';
import {
  type Desired,
  type FleetName,
  type Manifest,
  type NewestVersion,
  type Sealer,
  type Version,
  fleetKeys,
  reasonOf,
} from '@flotilla/domain';
import { readMeta, readRecords } from '@flotilla/runtime';
import { ArtifactError } from './artifact-error.ts';
import type { LoadedArtifact } from './delta.ts';
import { parseManifest } from './manifest-text.ts';
import { pullArtifact } from './pull.ts';

/** What operators read: which versions there are, and what is in them. */
export interface ArtifactReader {
  /** What the fleet's nodes should run, and whether they are held there. */
  desired(): Promise<Desired>;
  /** What was published last; undefined while nothing is. */
  newest(): Promise<NewestVersion | undefined>;
  /** The manifests that are kept, newest first; one that cannot be read is left out and told. */
  versions(onDamaged?: (version: string, reason: string) => void): Promise<Manifest[]>;
  /** One of them; undefined when it is not kept any more. */
  manifest(version: Version): Promise<Manifest | undefined>;
  /** One version whole and verified. Throws `ArtifactError` (`artifact-missing`) when it is not kept any more. */
  readArtifact(version: Version): Promise<LoadedArtifact>;
}

export function createArtifactReader(options: { redis: Redis; fleet: FleetName; sealer: Sealer }): ArtifactReader {
  const { redis, fleet, sealer } = options;
  const { manifests } = fleetKeys(fleet);
  const missing = (version: Version): ArtifactError =>
    new ArtifactError('artifact-missing', `version ${version} of fleet ${fleet} is not kept`, {
      data: { fleet, version },
    });

  const manifest = async (version: Version): Promise<Manifest | undefined> => {
    const text = await redis.hget(manifests, String(version));
    return text === null ? undefined : parseManifest(text);
  };

  return {
    desired: async () => (await readRecords(redis, fleet)).desired,
    newest: async () => (await readMeta(redis, fleet)).newest,
    async versions(onDamaged = () => undefined) {
      const read = Object.entries(await redis.hgetall(manifests)).flatMap(([number, text]) => {
        try {
          return [parseManifest(text)];
        } catch (error) {
          onDamaged(number, reasonOf(error));
          return [];
        }
      });
      return read.sort((a, b) => b.version - a.version);
    },
    manifest,
    async readArtifact(version) {
      const found = await manifest(version);
      if (!found) throw missing(version);
      const artifact = await pullArtifact(redis, fleet, sealer, found, undefined);
      if (!artifact) throw missing(version);
      return artifact;
    },
  };
}
