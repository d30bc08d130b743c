import type { Redis } from 'ioredis';
import {
  type ArtifactIdentity,
  type DesiredVersion,
  type FleetName,
  type Sealer,
  comesBefore,
  isOlder,
  sameArtifact,
} from '@flotilla/domain';
import { readRecords } from '@flotilla/runtime';
import { ArtifactError } from './artifact-error.ts';
import { type LoadedArtifact, applyDelta } from './delta.ts';
import { decodeDelta, deltaPurpose } from './delta-bytes.ts';
import { type FeedEntry, isBefore, newestEntry, readFeed } from './feed.ts';
import { pullArtifact } from './pull.ts';

/** A version may be collected while it is read; another one is desired then. */
const maxPulls = 5;

export type Resynced =
  /** `loaded` is the desired artifact, or newer. */
  | { readonly kind: 'known' }
  /** Nothing is desired, as nothing is published; or the nodes are held on what Redis has lost. */
  | { readonly kind: 'none'; readonly held: string | undefined }
  /** Redis was set back: what it offers came before what is known here. */
  | { readonly kind: 'older'; readonly offered: ArtifactIdentity; readonly known: ArtifactIdentity };

/**
 * What one follower knows of the desired artifact.
 *
 * `loaded` is the artifact as of `cursor`, a place in the feed. Two things move it: `apply` takes feed entries in their
 * order, each building on the one before; `resync` compares with the record of what is desired, and closes whatever gap there is (no
 * cursor yet, a trimmed feed, an entry without a delta, Redis that lost data).
 * Nothing is believed unverified: every path leads through the digests. Nothing leads back: of a version that comes
 * before the newest one that is known here, in an earlier life of the data or under a number that is not above it, only
 * the number went back, not what the store says.
 */
export class DesiredArtifact {
  /** The newest artifact that is known whole, or what the follower began with. */
  loaded: LoadedArtifact | undefined;
  /** Where to read on in the feed; undefined until the first resync. */
  cursor: string | undefined;
  readonly #redis: Redis;
  readonly #fleet: FleetName;
  readonly #sealer: Sealer;
  /** The newest version that was ever taken, or that the follower began with. */
  #newest: ArtifactIdentity | undefined;

  constructor(
    redis: Redis,
    fleet: FleetName,
    sealer: Sealer,
    loaded: LoadedArtifact | undefined,
    newest: ArtifactIdentity | undefined = loaded?.manifest,
  ) {
    this.#redis = redis;
    this.#fleet = fleet;
    this.#sealer = sealer;
    this.loaded = loaded;
    this.#newest = newest;
  }

  /** Takes entries that follow the cursor. False when one does not build on what is loaded: then resync. */
  apply(entries: readonly FeedEntry[]): boolean {
    for (const entry of entries) {
      if (!this.loaded || !this.#applyOne(this.loaded, entry)) return false;
      this.cursor = entry.id;
    }
    return true;
  }

  #applyOne(loaded: LoadedArtifact, entry: FeedEntry): boolean {
    if (this.#newest && isOlder(entry, this.#newest)) return false;
    if (!sameArtifact(loaded.manifest, entry)) {
      if (loaded.manifest.epoch !== entry.epoch || loaded.manifest.digest !== entry.base || entry.delta.length === 0) {
        return false;
      }
      const delta = decodeDelta(this.#sealer.open(entry.delta, deltaPurpose(entry.epoch, entry.base, entry.digest)));
      this.loaded = applyDelta(loaded, delta);
    }
    this.#took(entry);
    return true;
  }

  #took({ epoch, version, digest }: ArtifactIdentity): void {
    const taken = { epoch, version, digest };
    if (!this.#newest || !comesBefore(taken, this.#newest)) this.#newest = taken;
  }

  /** An operator said that what Redis offers counts, though it is older. */
  takeOlder(): void {
    this.#newest = undefined;
  }

  /** Compares with what Redis says is desired. Throws when that cannot be read whole. */
  async resync(): Promise<Resynced> {
    for (let count = 0; count < maxPulls; count++) {
      // Read before the record, so that what moves in between shows after it.
      const newest = this.cursor ?? (await newestEntry(this.#redis, this.#fleet));
      const { version: desired, held } = (await readRecords(this.#redis, this.#fleet)).desired;
      if (!desired) {
        this.cursor = newest;
        return { kind: 'none', held };
      }
      if (this.#newest && isOlder(desired, this.#newest)) {
        this.cursor = desired.feedId;
        return { kind: 'older', offered: desired, known: this.#newest };
      }
      if (await this.#catchUp(desired)) return { kind: 'known' };
      const pulled = await pullArtifact(this.#redis, this.#fleet, this.#sealer, desired, this.loaded);
      if (!pulled) continue;
      this.loaded = pulled;
      this.cursor = desired.feedId;
      this.#took(desired);
      return { kind: 'known' };
    }
    throw new ArtifactError('artifact-missing', `the desired version of fleet ${this.#fleet} is not whole in Redis`);
  }

  /** Without reading blobs: it is loaded already, or the feed leads there. */
  async #catchUp(desired: DesiredVersion): Promise<boolean> {
    if (this.loaded && sameArtifact(this.loaded.manifest, desired)) {
      this.cursor = desired.feedId;
      this.#took(desired);
      return true;
    }
    if (this.cursor === undefined || !isBefore(this.cursor, desired.feedId)) return false;
    while (isBefore(this.cursor, desired.feedId)) {
      const entries = await readFeed(this.#redis, this.#fleet, this.cursor);
      if (entries.length === 0 || !this.apply(entries)) return false;
    }
    return true;
  }
}
