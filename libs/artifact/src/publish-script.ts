import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import {
  type Digest,
  type Epoch,
  type FleetName,
  type Manifest,
  type Revision,
  type Version,
  fleetKeys,
  revision,
  version,
} from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';
import source from './publish.lua';

/** How many feed entries stay: an agent that is further behind reads the pointer and the blobs. */
const feedEntries = 64;

const sha = createHash('sha1').update(source).digest('hex');

export interface PublishArguments {
  readonly fleet: FleetName;
  readonly epoch: Epoch;
  readonly revision: Revision;
  readonly index: number;
  readonly base: { readonly version: number; readonly digest: string };
  readonly manifest: Manifest;
  /** Sealed; empty when the change is too large for the feed. */
  readonly delta: Buffer;
  readonly keepVersions: number;
  /** Sealed bytes of every digest that the base has not. */
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  /** Digests that the base has and the new artifact has not. */
  readonly dropped: readonly Digest[];
}

export type PublishReply =
  | { readonly kind: 'published' }
  | { readonly kind: 'unchanged'; readonly version: Version }
  | { readonly kind: 'superseded'; readonly by: Revision }
  | { readonly kind: 'epoch-changed' }
  | { readonly kind: 'stale-base' };

/** Runs `publish.lua`: one atomic compare-and-set of everything that makes a version. */
export async function runPublish(redis: Redis, given: PublishArguments): Promise<PublishReply> {
  const keys = fleetKeys(given.fleet);
  const args: (string | number | Buffer)[] = [
    ...[keys.meta, keys.manifests, keys.blobs, keys.garbage, keys.feed],
    ...[given.epoch, given.revision, given.index, given.base.version, given.base.digest],
    ...[given.manifest.digest, JSON.stringify(given.manifest), given.delta, given.manifest.createdAt],
    ...[given.keepVersions, feedEntries, given.blobs.size, given.dropped.length],
  ];
  for (const [digest, sealed] of given.blobs) args.push(digest, sealed);
  args.push(...given.dropped);
  return parseReply(await evaluate(redis, 5, args));
}

async function evaluate(redis: Redis, keyCount: number, args: (string | number | Buffer)[]): Promise<unknown> {
  try {
    return await redis.evalsha(sha, keyCount, ...args);
  } catch (error) {
    // A server that restarted has forgotten the script.
    if (error instanceof Error && error.message.startsWith('NOSCRIPT')) return redis.eval(source, keyCount, ...args);
    throw error;
  }
}

function parseReply(reply: unknown): PublishReply {
  const [kind, count] = Array.isArray(reply) ? (reply as unknown[]) : [];
  switch (kind) {
    case 'published':
    case 'epoch-changed':
    case 'stale-base':
      return { kind };
    case 'unchanged':
      return { kind, version: version(Number(count)) };
    case 'superseded':
      return { kind, by: revision(Number(count)) };
    default:
      throw new ArtifactError('artifact-damaged', `publishing answered ${JSON.stringify(reply)}`);
  }
}
