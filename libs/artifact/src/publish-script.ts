import type { Redis } from 'ioredis';
import {
  type Digest,
  type Epoch,
  type FleetName,
  type Manifest,
  type Problem,
  type Revision,
  type Version,
  fleetKeys,
  revision,
  version,
} from '@flotilla/domain';
import { recordScript } from '@flotilla/runtime';
import { ArtifactError } from './artifact-error.ts';
import desireSource from './desire.lua';
import source from './publish.lua';

/** How many feed entries stay: an agent that is further behind reads the desired version from its manifest and blobs. */
export const feedEntries = 64;

const script = recordScript(desireSource, source);

export interface PublishArguments {
  readonly fleet: FleetName;
  readonly epoch: Epoch;
  readonly revision: Revision;
  readonly base: { readonly version: number; readonly digest: string };
  readonly manifest: Manifest;
  /** Sealed; empty when the change is too large for the feed. */
  readonly delta: Buffer;
  readonly keepVersions: number;
  readonly isChecked: boolean;
  readonly withdraws: Digest | undefined;
  readonly refused: readonly Problem[];
  /** Sealed bytes of every digest that the base has not. */
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  /** Digests that the base has and the new artifact has not. */
  readonly dropped: readonly Digest[];
}

export type PublishReply =
  /** `feedId`: the newest entry of the feed, which tells of the version unless the fleet is held. */
  | { readonly kind: 'published'; readonly feedId: string }
  | { readonly kind: 'unchanged'; readonly version: Version; readonly isChecked: boolean; readonly feedId: string }
  | { readonly kind: 'check-first' }
  | { readonly kind: 'superseded'; readonly by: Revision }
  | { readonly kind: 'epoch-changed' }
  | { readonly kind: 'stale-base' };

/** Runs `publish.lua`: one atomic compare-and-set of everything that makes a version. */
export async function runPublish(redis: Redis, given: PublishArguments): Promise<PublishReply> {
  const keys = fleetKeys(given.fleet);
  const args: (string | number | Buffer)[] = [
    ...[given.epoch, given.revision, given.base.version, given.base.digest],
    ...[given.manifest.digest, JSON.stringify(given.manifest), given.delta, given.manifest.createdAt],
    ...[given.keepVersions, feedEntries, given.blobs.size, given.dropped.length],
    ...[
      given.isChecked ? '1' : '0',
      given.withdraws ?? '',
      given.refused.length === 0 ? '' : JSON.stringify(given.refused),
    ],
  ];
  for (const [digest, sealed] of given.blobs) args.push(digest, sealed);
  args.push(...given.dropped);
  return parseReply(
    await script.run(redis, [keys.meta, keys.manifests, keys.blobs, keys.garbage, keys.feed, keys.desired], args),
  );
}

function parseReply(reply: unknown): PublishReply {
  const [kind, count, third = '', feedId = ''] = Array.isArray(reply) ? reply.map(String) : [];
  switch (kind) {
    case 'published':
      return { kind, feedId: third };
    case 'epoch-changed':
    case 'stale-base':
    case 'check-first':
      return { kind };
    case 'unchanged':
      return { kind, version: version(Number(count)), isChecked: third === '1', feedId };
    case 'superseded':
      return { kind, by: revision(Number(count)) };
    default:
      throw new ArtifactError('artifact-damaged', `publishing answered ${kind ?? 'nothing'}`);
  }
}
