import type { EtcdObject, StoreChange } from './changes.ts';
import type { StoreMark } from './client.ts';
import { Etcd2Error } from './errors.ts';
import { KnownObjects } from './known-objects.ts';
import type { Etcd2Settings } from './options.ts';
import { Outbox } from './outbox.ts';
import type { Place } from './place.ts';

interface SubtreeProgress {
  place: Place | undefined;
  readonly known: KnownObjects;
  /** Its part of the first state, until all parts are there. */
  listing: { readonly objects: readonly EtcdObject[]; readonly index: number } | undefined;
}

/**
 * What the source knows of the store, over all its connections: the place of every subtree, the objects told to the
 * consumer, and the marks by which another store is recognized.
 *
 * The consumer gets one state when every subtree was listed; a subtree that is listed again later reaches it as
 * changes. After `forget()` it begins anew, with a state.
 */
export class Progress {
  outbox = new Outbox();
  /** The highest index that was seen anywhere. */
  newest = 0;
  /** Events received. */
  events = 0;
  /** Listings after the first state. */
  resyncs = 0;
  readonly #settings: Etcd2Settings;
  readonly #subtrees = new Map<string, SubtreeProgress>();
  readonly #attached = new Set<string>();
  #clusterId: string | undefined;
  #told = false;
  #toldBefore = false;
  #waiting: (() => void)[] = [];
  #beganAt = performance.now();

  constructor(settings: Etcd2Settings) {
    this.#settings = settings;
    this.begin();
  }

  /** A new consumer: nothing has been told to it. */
  begin(): void {
    this.outbox = new Outbox();
    this.#toldBefore = false;
    this.forget();
  }

  /** A state was told and every subtree's stream continues it without a gap. */
  get synced(): boolean {
    return this.#told && this.#attached.size === this.#settings.resources.length;
  }

  place(subtree: string): Place | undefined {
    return this.#of(subtree).place;
  }

  setPlace(subtree: string, place: Place): void {
    this.#of(subtree).place = place;
    this.newest = Math.max(this.newest, place.last);
  }

  attach(subtree: string): void {
    this.#attached.add(subtree);
  }

  detach(subtree: string): void {
    this.#attached.delete(subtree);
  }

  change(subtree: string, change: StoreChange): void {
    for (const each of this.#of(subtree).known.accept(change)) this.outbox.change(each);
  }

  /**
   * A listing of one subtree; resolves to how it reached the consumer once it did, which is for the first state when
   * every other subtree was listed too.
   */
  async listed(subtree: string, objects: readonly EtcdObject[], index: number): Promise<'state' | 'changes'> {
    const own = this.#of(subtree);
    const gone = own.known.replace(objects);
    this.setPlace(subtree, { last: index, provenBy: undefined });
    if (this.#told) {
      this.resyncs++;
      for (const path of gone) this.outbox.change({ kind: 'delete', path, index });
      // All of them: indexes of another history could agree by chance. The consumer sees what is the same.
      for (const object of objects) this.outbox.change({ kind: 'put', ...object });
      return 'changes';
    }
    own.listing = { objects, index };
    if (!this.#tellState()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return 'state';
  }

  /** Throws `Etcd2Error` (`etcd2-diverged`) when the answer comes from another cluster. */
  recognize({ clusterId }: StoreMark): void {
    this.#clusterId ??= clusterId;
    if (clusterId === this.#clusterId) return;
    throw diverged(`the cluster id changed from ${this.#clusterId} to ${clusterId}`);
  }

  /**
   * The same for an answer of the majority (`quorum=true`), which is also never behind: `floor` is the newest index
   * that was known before the question.
   */
  recognizeMajority(mark: StoreMark, floor: number): void {
    this.recognize(mark);
    if (mark.index < floor) throw diverged(`its index went back from ${floor} to ${mark.index}`);
    this.newest = Math.max(this.newest, mark.index);
  }

  /** Another store: everything is listed again and told as a state. */
  forget(): void {
    this.#clusterId = undefined;
    this.newest = 0;
    this.#told = false;
    this.#attached.clear();
    this.#waiting = [];
    this.#beganAt = performance.now();
    for (const subtree of this.#settings.resources) {
      this.#subtrees.set(subtree, { place: undefined, known: new KnownObjects(), listing: undefined });
    }
  }

  #tellState(): boolean {
    const parts = [...this.#subtrees.values()].map(({ listing }) => listing);
    const listings = parts.filter((part) => part !== undefined);
    if (listings.length < parts.length) return false;
    const objects = listings.flatMap((listing) => listing.objects);
    // Each part is complete up to its own index, the whole up to the lowest.
    const index = Math.min(...listings.map((listing) => listing.index));
    for (const subtree of this.#subtrees.values()) subtree.listing = undefined;
    this.outbox.state(objects, index);
    if (this.#toldBefore) this.resyncs++;
    this.#told = this.#toldBefore = true;
    const tookMs = Math.round(performance.now() - this.#beganAt);
    this.#settings.tell({ kind: 'synced', objects: objects.length, index, tookMs });
    for (const resolve of this.#waiting.splice(0)) resolve();
    return true;
  }

  #of(subtree: string): SubtreeProgress {
    const own = this.#subtrees.get(subtree);
    if (!own) throw new TypeError(`${subtree} is not followed`);
    return own;
  }
}

const diverged = (how: string): Etcd2Error =>
  new Etcd2Error('etcd2-diverged', `etcd holds another store than before: ${how}; everything is listed again`);
