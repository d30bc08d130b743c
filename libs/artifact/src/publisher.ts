import type { Redis } from 'ioredis';
import {
  type BundleFile,
  type Digest,
  type Epoch,
  type FleetName,
  type Manifest,
  type Problem,
  type Revision,
  type Sealer,
  type Version,
  version,
} from '@flotilla/domain';
import { ArtifactError } from './artifact-error.ts';
import { type Base, type Known, asKnown, catchUp, loadBase } from './base-version.ts';
import { readBlobs } from './blobs.ts';
import { deltaPurpose, encodeDelta } from './delta-bytes.ts';
import { makeDelta } from './delta.ts';
import { type DigestedBundle, digestBundle } from './digested-bundle.ts';
import { runPublish } from './publish-script.ts';

export interface PublisherOptions {
  readonly redis: Redis;
  readonly fleet: FleetName;
  readonly sealer: Sealer;
  /** How many versions stay in Redis, at least 1. */
  readonly keepVersions: number;
}

export interface Publication {
  /** The life of the data that the inputs were read in. */
  readonly epoch: Epoch;
  /** The revision that was rendered. */
  readonly revision: Revision;
  readonly files: readonly BundleFile[];
  /** Whether HAProxy has checked the bundle; one that is checked afterwards is told by `CheckedVersions`. */
  readonly isChecked: boolean;
  /** Entries of the inputs that HAProxy refused, and what serves in their place. */
  readonly refused?: readonly Problem[];
  /** The version that was refused after it had gone out: only in its place may an older revision be published. */
  readonly withdraws?: Digest;
}

export type PublishOutcome =
  | { readonly kind: 'published'; readonly manifest: Manifest }
  | { readonly kind: 'unchanged'; readonly version: Version; readonly digest: Digest; readonly isChecked: boolean }
  /** Too many versions went out unchecked: check this bundle before it is published. */
  | { readonly kind: 'check-first' }
  /** A newer revision is published already. */
  | { readonly kind: 'superseded'; readonly by: Revision }
  /** The fleet's data began a new life (or is gone): read the inputs again. */
  | { readonly kind: 'epoch-changed' };

export interface Publisher {
  /**
   * Begins to catch up with what others published since, so that `publish` builds on it at once; to be called when a
   * render begins. Where renderers take turns every version is built on another one's.
   */
  prepare(): void;
  /**
   * Publishes a bundle as the fleet's next version, atomically. Throws `ArtifactError` (`bundle`, `publish-contention`)
   * and what Redis throws; after an error the fleet has either its old version or all of the new one.
   */
  publish(publication: Publication): Promise<PublishOutcome>;
}

const maxAttempts = 10;

/** One publisher a fleet and process: it remembers the newest version, so that a change costs what changed. */
export function createPublisher({ redis, fleet, sealer, keepVersions }: PublisherOptions): Publisher {
  if (!Number.isInteger(keepVersions) || keepVersions < 1) throw new RangeError('keepVersions must be at least 1');
  let known: Known | undefined;
  let preparing: Promise<void> | undefined;

  const prepare = async (): Promise<void> => {
    const before = known;
    try {
      const caughtUp = before && (await catchUp(redis, fleet, sealer, before));
      if (caughtUp && known === before) known = caughtUp;
    } catch {
      // Whatever it was, `publish` meets it as well or does without.
    }
  };

  const attempt = async (publication: Publication, bundle: DigestedBundle, base: Base) => {
    const { epoch, revision, isChecked, withdraws, refused = [] } = publication;
    const manifest: Manifest = {
      fleet,
      epoch,
      version: version(base.version + 1),
      digest: bundle.digest,
      revision,
      createdAt: new Date().toISOString(),
      files: bundle.files,
    };
    // With the base's digest the script cannot answer anything but "unchanged" or a refusal: nothing to send.
    const changes = base.digest === bundle.digest ? nothing : await changesFrom(base, bundle, manifest);
    const given = {
      fleet,
      epoch,
      revision,
      base,
      manifest,
      keepVersions,
      isChecked,
      withdraws,
      refused,
    };
    const reply = await runPublish(redis, { ...given, ...changes });
    return { reply, manifest };
  };

  const changesFrom = async (base: Base, bundle: DigestedBundle, manifest: Manifest) => {
    const present = new Set<Digest>();
    for (const { digest } of base.files.values()) present.add(digest);
    const wanted = new Set<Digest>();
    const blobs = new Map<Digest, Buffer>();
    for (const { path, digest } of bundle.files) {
      wanted.add(digest);
      const content = bundle.contents.get(path);
      if (!present.has(digest) && !blobs.has(digest) && content) blobs.set(digest, sealer.seal(content, digest));
    }
    const dropped = [...present].filter((digest) => !wanted.has(digest));
    return { blobs, dropped, delta: await sealedDelta(base, bundle, manifest) };
  };

  const sealedDelta = async (base: Base, bundle: DigestedBundle, manifest: Manifest): Promise<Buffer> => {
    if (base.digest === '') return Buffer.alloc(0);
    const { files: _, ...identity } = manifest;
    const before = base.contents.size > 0 ? base.contents : await contentsToPatch(base, bundle);
    const delta = makeDelta({ digest: base.digest, files: base.files }, bundle, identity, (path) => before.get(path));
    if (!delta) return Buffer.alloc(0);
    return sealer.seal(encodeDelta(delta), deltaPurpose(manifest.epoch, base.digest, manifest.digest));
  };

  /** Another process published the base: reads those of its files that changed, so that the delta can be a patch. */
  const contentsToPatch = async (base: Base, bundle: DigestedBundle): Promise<ReadonlyMap<string, Buffer>> => {
    const changed = bundle.files.flatMap(({ path, digest }) => {
      const before = base.files.get(path);
      return before && before.digest !== digest ? [before] : [];
    });
    if (changed.length > maxFilesToPatch) return new Map();
    const blobs = await readBlobs(redis, fleet, sealer, changed);
    return new Map(
      changed.flatMap(({ path, digest }) => {
        const content = blobs.get(digest);
        return content ? [[path, content] as const] : [];
      }),
    );
  };

  return {
    prepare() {
      preparing ??= prepare().finally(() => (preparing = undefined));
    },
    async publish(publication) {
      const bundle = digestBundle(publication.files);
      await preparing;
      for (let count = 0; count < maxAttempts; count++) {
        const { epoch } = publication;
        const own = known?.base.epoch === epoch ? known : undefined;
        const base = own?.base ?? (await loadBase(redis, fleet, epoch));
        const { reply, manifest } = await attempt(publication, bundle, base);
        known = undefined;
        switch (reply.kind) {
          case 'stale-base':
            continue;
          case 'published':
            known = asKnown(manifest, bundle.contents, reply.feedId);
            return { kind: 'published', manifest };
          case 'unchanged':
            known = asKnown({ ...manifest, version: reply.version }, bundle.contents, reply.feedId);
            return { kind: 'unchanged', version: reply.version, digest: bundle.digest, isChecked: reply.isChecked };
          case 'check-first':
            known = own;
            return reply;
          case 'superseded':
          case 'epoch-changed':
            return reply;
        }
      }
      throw new ArtifactError(
        'publish-contention',
        `fleet ${fleet}: others published before this render ${maxAttempts} times in a row`,
        { data: { fleet, revision: publication.revision } },
      );
    },
  };
}

const nothing = { blobs: new Map<Digest, Buffer>(), dropped: [], delta: Buffer.alloc(0) };
const maxFilesToPatch = 64;
