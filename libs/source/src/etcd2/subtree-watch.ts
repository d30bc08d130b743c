import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '@flotilla/runtime';
import { type AbortScope, abortScope, aborted } from './abort.ts';
import { concerns, type Scope, toChange, toObject } from './changes.ts';
import type { Etcd2Client } from './client.ts';
import type { ListReason } from './events.ts';
import { BurstEnd } from './burst-end.ts';
import { fillHole, pollPatiently } from './hole.ts';
import type { Etcd2Settings } from './options.ts';
import { type Place, nextStep } from './place.ts';
import type { Progress } from './progress.ts';
import type { EtcdEvent } from './wire.ts';

/** A stream that lived shorter than this makes the next one wait. */
const shortLifeMs = 1_000;
const maxReopenMs = 1_000;

/** How long the events of a stream that is in doubt may be under way: to open another for nothing costs little. */
const doubtGraceMs = 200;

/** Ends everything that belonged to one stream. */
class StreamEnded extends Error {}

/**
 * Follows one subtree on one endpoint, stream after stream.
 *
 * Each stream goes through the same states:
 *
 * - opening: it is registered "from now"; its events are held back
 * - catching up: what lies between the place and the registration comes from etcd's history, or from a listing
 * - live: held events that are newer than the place are applied, then each one as it arrives
 *
 * A stream that ends is replaced by a new one. Everything else that fails (no connection, refused, another store)
 * is thrown and ends the session with this endpoint.
 */
export class SubtreeWatch {
  readonly #client: Etcd2Client;
  readonly #subtree: string;
  readonly #settings: Etcd2Settings;
  readonly #progress: Progress;
  readonly #scope: Scope;
  /** The stream that is live. */
  #live: AbortScope | undefined;
  /** Up to where the live stream's silence was found to be right. */
  #checked = 0;
  readonly #burst: BurstEnd;
  /** Whether etcd may have dropped the live stream since the last look. */
  #isInDoubt = false;

  /** `onDoubt` is called when the live stream may have been dropped: it wants to be proven alive soon. */
  constructor(
    client: Etcd2Client,
    subtree: string,
    settings: Etcd2Settings,
    progress: Progress,
    onDoubt: () => void = () => undefined,
  ) {
    this.#burst = new BurstEnd(() => {
      this.#isInDoubt = true;
      onDoubt();
    });
    this.#client = client;
    this.#subtree = subtree;
    this.#settings = settings;
    this.#progress = progress;
    this.#scope = { prefix: settings.prefix, subtree, wants: settings.wants };
  }

  /** Runs until the signal is aborted or the endpoint fails; always ends by throwing. */
  async follow(signal: AbortSignal): Promise<never> {
    for (let shortLives = 0; ;) {
      const began = performance.now();
      const reason = await this.#followStream(signal);
      signal.throwIfAborted();
      shortLives = performance.now() - began < shortLifeMs ? shortLives + 1 : 0;
      const retryMs = backoffMs(shortLives, { maxMs: maxReopenMs });
      this.#settings.tell({ kind: 'interrupted', subtree: this.#subtree, reason, retryMs });
      await sleep(retryMs, undefined, { signal });
    }
  }

  /**
   * Asks the history for an event that the live stream should have brought, up to the store's `index`. A connection
   * that is frozen on the way, while others work, shows only like this, and so does a stream that etcd dropped.
   *
   * When more than 1,000 events came since the last look, the history no longer tells; the next look may. In doubt
   * that counts as stalled: a new stream begins with what was missed, or with a listing.
   */
  async proveAlive(index: number, signal: AbortSignal): Promise<void> {
    const stream = this.#live;
    const isInDoubt = this.#isInDoubt;
    this.#isInDoubt = false;
    const from = Math.max(this.#checked, this.#place.last) + 1;
    if (!stream || from > index) return;
    const found = await this.#firstMissed(from, signal);
    if (found === 'unknown') return;
    this.#checked = index;
    if (found === 'none' || (found === 'outdated' && !isInDoubt)) return;
    const { stallGraceMs } = this.#settings;
    await sleep(isInDoubt ? Math.min(stallGraceMs, doubtGraceMs) : stallGraceMs, undefined, { signal });
    const missed = found === 'outdated' ? index : found;
    if (this.#live !== stream || this.#place.last >= missed) return;
    stream.abort(new StreamEnded(`the stream is stalled: it did not bring the event at index ${missed}`));
  }

  /** The index of the first event from here on that a live stream brings; etcd answers at once when there is one. */
  async #firstMissed(from: number, signal: AbortSignal): Promise<number | 'none' | 'outdated' | 'unknown'> {
    const asked = { subtree: this.#subtree, patienceMs: this.#settings.stallGraceMs };
    for (let next = from; ;) {
      const answer = await pollPatiently(this.#client, asked, next, signal);
      if (answer === 'unanswered') return 'unknown';
      if (answer === 'silent' || answer.kind === 'empty') return 'none';
      if (answer.kind === 'outdated') return 'outdated';
      next = answer.event.node.modifiedIndex;
      if (concerns(answer.event, this.#scope)) return next;
      next++;
    }
  }

  /** From opening a stream to its end; gives the reason it ended. */
  async #followStream(session: AbortSignal): Promise<string> {
    const life = abortScope(session);
    const held: EtcdEvent[] = [];
    let take = (event: EtcdEvent): void => {
      held.push(event);
    };
    try {
      const stream = await this.#client.watch(this.#subtree, (event) => take(event), life.signal);
      void stream.ended.then((reason) => {
        life.abort(new StreamEnded(reason));
      });
      this.#progress.recognize(stream);
      await this.#catchUp(stream.index, held, life.signal);
      for (const event of held.splice(0)) this.#takeLive(event);
      take = (event) => {
        this.#takeLive(event);
      };
      this.#goLive(life);
      return await aborted(life.signal);
    } catch (error) {
      if (error instanceof StreamEnded) return error.message;
      throw error;
    } finally {
      this.#live = undefined;
      this.#burst.reset();
      this.#isInDoubt = false;
      this.#progress.detach(this.#subtree);
      life.end();
    }
  }

  #goLive(life: AbortScope): void {
    this.#live = life;
    // The first look begins right behind the place, also where only silence closed a hole.
    this.#checked = 0;
    this.#progress.attach(this.#subtree);
  }

  async #catchUp(registration: number, held: readonly EtcdEvent[], signal: AbortSignal): Promise<void> {
    const step = nextStep(this.#progress.place(this.#subtree), registration);
    const reason = step.kind === 'list' ? step.reason : await this.#fill(step.place, registration, held, signal);
    if (reason) await this.#list(reason, signal);
  }

  async #fill(
    place: Place,
    registration: number,
    held: readonly EtcdEvent[],
    signal: AbortSignal,
  ): Promise<ListReason | undefined> {
    const subtree = this.#subtree;
    const hole = {
      subtree,
      place,
      registration,
      isStreamWaiting: () => held.length > 0,
      patienceMs: this.#settings.requestTimeoutMs,
      onProven: () => {
        this.#progress.attach(subtree);
      },
      onMissed: (event: EtcdEvent) => {
        this.#apply(event);
      },
    };
    const result = await fillHole(this.#client, hole, signal);
    if (result.kind !== 'filled') return result.kind;
    this.#settings.tell({ kind: 'filled', subtree, from: place.last, events: result.events });
    return undefined;
  }

  async #list(reason: ListReason, signal: AbortSignal): Promise<void> {
    const floor = this.#progress.newest;
    const listing = await this.#client.list(this.#subtree, signal);
    this.#progress.recognizeMajority(listing, floor);
    const objects = listing.nodes.map((node) => toObject(node, this.#scope)).filter((object) => object !== undefined);
    const told = this.#progress.listed(this.#subtree, objects, listing.index);
    const how = await Promise.race([told, aborted(signal)]);
    if (how === 'changes') {
      this.#settings.tell({ kind: 'resync', subtree: this.#subtree, reason, objects: objects.length });
    }
  }

  #takeLive(event: EtcdEvent): void {
    this.#burst.event();
    this.#apply(event);
  }

  #apply(event: EtcdEvent): void {
    const { key, modifiedIndex } = event.node;
    if (modifiedIndex <= this.#place.last) return;
    this.#progress.events++;
    this.#progress.setPlace(this.#subtree, { last: modifiedIndex, provenBy: key });
    const change = toChange(event, this.#scope);
    if (change) this.#progress.change(this.#subtree, change);
  }

  get #place(): Place {
    return this.#progress.place(this.#subtree) ?? { last: 0, provenBy: undefined };
  }
}
