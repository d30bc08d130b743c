import type { Redis } from 'ioredis';
import {
  type Digest,
  type Epoch,
  type FleetName,
  type Manifest,
  type ManifestFile,
  type Sealer,
  fleetKeys,
} from '@flotilla/domain';
import { readMeta } from '@flotilla/runtime';
import type { LoadedArtifact } from './delta.ts';
import { DesiredArtifact } from './desired-artifact.ts';
import { readFeed } from './feed.ts';
import { parseManifest } from './manifest-text.ts';

/** The version a new one builds on; version 0 and no digest stand for none. */
export interface Base {
  readonly epoch: Epoch;
  readonly version: number;
  readonly digest: Digest | '';
  readonly files: ReadonlyMap<string, ManifestFile>;
  /** Bytes, where this process has them. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** The newest version that this process knows, and the feed entry that told of it. */
export interface Known {
  readonly base: Base;
  readonly loaded: LoadedArtifact;
  readonly cursor: string;
}

/** What others published reaches a publisher by the feed, as it reaches the nodes. Undefined when nothing leads on. */
export async function catchUp(
  redis: Redis,
  fleet: FleetName,
  sealer: Sealer,
  { loaded, cursor }: Known,
): Promise<Known | undefined> {
  const desired = new DesiredArtifact(redis, fleet, sealer, loaded);
  desired.cursor = cursor;
  const entries = await readFeed(redis, fleet, cursor);
  if (entries.length === 0 || !desired.apply(entries) || !desired.loaded) return undefined;
  return asKnown(desired.loaded.manifest, desired.loaded.files, desired.cursor);
}

export function asKnown(manifest: Manifest, contents: ReadonlyMap<string, Buffer>, cursor: string): Known {
  const { epoch, version, digest } = manifest;
  const base = { epoch, version, digest, files: byPathOf(manifest.files), contents };
  return { base, loaded: { manifest, files: contents }, cursor };
}

const byPathOf = (files: readonly ManifestFile[]) => new Map(files.map((file) => [file.path, file]));

/** The newest version by its record and manifest, without the bytes of its files. */
export async function loadBase(redis: Redis, fleet: FleetName, epoch: Epoch): Promise<Base> {
  const none: Base = { epoch, version: 0, digest: '', files: new Map(), contents: new Map() };
  const { newest } = await readMeta(redis, fleet);
  if (newest?.epoch !== epoch) return none;
  const text = await redis.hget(fleetKeys(fleet).manifests, String(newest.version));
  return { ...none, version: newest.version, digest: newest.digest, files: filesOf(text, newest.digest) };
}

/** Without a sound manifest the base lends nothing: every blob is sent again, which also mends it. */
function filesOf(text: string | null, digest: Digest): ReadonlyMap<string, ManifestFile> {
  if (text === null) return new Map();
  try {
    const manifest = parseManifest(text);
    return manifest.digest === digest ? byPathOf(manifest.files) : new Map();
  } catch {
    return new Map();
  }
}
