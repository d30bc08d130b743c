import {
  type Cluster,
  type FleetName,
  type InputsPosition,
  type Revision,
  type Term,
  isProblemField,
  reasonOf,
} from '@flotilla/domain';
import type { Batch, InputsWriter } from '@flotilla/inputs';
import { Backoff, Bell, type Logger } from '@flotilla/runtime';
import { Hold } from './hold.ts';

export interface FleetWritingOptions {
  readonly fleet: FleetName;
  readonly cluster: Cluster;
  readonly writer: InputsWriter;
  /** The term while this watcher leads. */
  readonly term: () => Term | undefined;
  /** The store's index that the cluster model stands at. */
  readonly index: () => number;
  /** Whether the cluster model holds the store's present state. */
  readonly isCurrent: () => boolean;
  /** A write is on its way; what is told Redis on the same connection from now on arrives after it. */
  readonly onSent: (revision: Revision) => void;
  readonly onWritten: (written: Written) => void;
  /** Redis holds what the model holds; a write came before if something differed. */
  readonly onTakenOver: (position: InputsPosition) => void;
  readonly onFenced: (by: Term) => void;
  /** A write was tried and Redis did not answer. */
  readonly onFailed: (error: unknown) => void;
  readonly log: Logger;
  /** How often Redis is asked whether it still holds what was written, while nothing changes. Default 2,000 ms. */
  readonly checkEveryMs?: number;
}

export interface Written {
  readonly position: InputsPosition;
  readonly fields: number;
  readonly bytes: number;
  /** Whether problems came or went. */
  readonly touchesProblems: boolean;
  /** From the call to its answer. */
  readonly tookMs: number;
}

/**
 * Keeps one fleet's inputs in Redis equal to the cluster model, while this watcher leads.
 *
 * ```
 * standing by ──leads, model is current──▶ taking over: claim, compare, write what differs
 *      ▲                                        │
 *      │                                        ▼
 *      └── lost the lead ── following: write what changed, as soon as the last write is answered
 *                               ├── Redis holds something else: taking over again
 *                               └── the store holds no configmap of the fleet: held (`Hold`), only problems are written
 * ```
 *
 * There is no timer between a change and its write. Changes that come while a write is under way go out together in
 * the next one. A write whose answer was lost is sent again as it was.
 */
export class FleetWriting {
  readonly #options: FleetWritingOptions;
  readonly #bell = new Bell();
  readonly #hold = new Hold({ quietMs: 2_000, longestMs: 30_000 });
  /** The term under which the fleet was taken over. */
  #taken: Term | undefined;
  #unsent: Batch | undefined;
  #isCheckDue = false;
  #problem: string | undefined;
  #held: string | undefined;
  #isSettling = false;

  constructor(options: FleetWritingOptions) {
    this.#options = options;
  }

  /** Something may be to do: the model changed, or the lead. */
  wake(): void {
    this.#hold.changed(performance.now());
    this.#bell.ring();
  }

  /** Whether Redis is known to hold this fleet's inputs, written by this watcher. */
  get isFollowing(): boolean {
    return this.#taken !== undefined && this.#taken === this.#options.term();
  }

  /** Why the fleet is not written although this watcher leads. */
  get problem(): string | undefined {
    return this.#problem ?? this.#held;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { log, fleet, checkEveryMs = 2_000, onFailed } = this.#options;
    const backoff = new Backoff(100, 2_000);
    while (!signal.aborted) {
      try {
        const didWork = await this.#turn();
        backoff.reset();
        this.#problem = undefined;
        // Only silence makes a check due: while writes go through, each of them is one.
        const waitMs = this.#hold.leftMs(performance.now()) || checkEveryMs;
        if (!didWork) this.#isCheckDue = !(await this.#bell.wait(waitMs, signal));
      } catch (error) {
        if (signal.aborted) return;
        const reason = reasonOf(error);
        if (this.#problem === undefined) log.warn({ fleet, reason }, 'the inputs cannot be written; trying again');
        this.#problem = reason;
        onFailed(error);
        await backoff.wait(signal);
      }
    }
  }

  /** One step; false when there was nothing to do. */
  async #turn(): Promise<boolean> {
    const { cluster, fleet, writer, term, index } = this.#options;
    const leading = term();
    if (leading === undefined) {
      this.#taken = this.#unsent = undefined;
      // Who takes over compares everything, so nothing has to be remembered meanwhile.
      cluster.takeChanges(fleet);
      return false;
    }
    this.#tellHold();
    if (this.#isSettling) return false;
    if (this.#taken !== leading) return this.#takeOver(leading);
    if (this.#unsent) return this.#send(this.#unsent);
    const { changes, provenance } = cluster.takeChanges(fleet);
    if (changes.size > 0) return this.#send(writer.prepare(changes, { provenance, index: index() }));
    if (!this.#isCheckDue) return false;
    this.#isCheckDue = false;
    if ((await writer.check()) === 'unchanged') return false;
    this.#startOver('Redis does not hold what was written to it');
    return true;
  }

  /** Tells, once, that the fleet is held or no longer so. */
  #tellHold(): void {
    const { cluster, fleet, isCurrent, log } = this.#options;
    if (!isCurrent()) return;
    const hold = this.#hold.update(cluster.isHeld(fleet), performance.now());
    this.#isSettling = hold === 'settling';
    if (hold === 'held' && this.#held === undefined) {
      this.#held = `neither configmaps/${fleet}/services nor configmaps/${fleet}/config is in the store; the last good inputs stay`;
      log.warn({ fleet, reason: this.#held }, 'held');
    } else if (hold === 'free' && this.#held !== undefined) {
      this.#held = undefined;
      log.info({ fleet }, 'the fleet is configured again, and the store has come to rest');
    }
  }

  /** A model that is behind the store must not overwrite what a better informed leader wrote. */
  async #takeOver(leading: Term): Promise<boolean> {
    const { cluster, fleet, writer, isCurrent, index, onTakenOver, log } = this.#options;
    if (!isCurrent()) return false;
    this.#unsent = undefined;
    const claim = await writer.claim(leading);
    if (claim.kind === 'fenced') return this.#fenced(claim.by);
    if (!cluster.isHeld(fleet)) cluster.seed(fleet, await writer.lastGood());
    this.#tellHold();
    // What Redis has of a fleet that is held stays whole: there is nothing to compare it with.
    if (cluster.isHeld(fleet) || this.#isSettling) return false;
    // Both at the same instant: the fields are what later changes are counted from.
    const { provenance } = cluster.takeChanges(fleet);
    const fields = new Map(cluster.allFields(fleet));
    const batch = await writer.compare(fields, { provenance, index: index() });
    this.#taken = leading;
    if (batch && !(await this.#send(batch))) return false;
    if (this.#taken !== leading) return true;
    log.info({ fleet, term: leading, fields: fields.size, differs: batch?.size.fields ?? 0 }, 'took the fleet over');
    onTakenOver(writer.position);
    return true;
  }

  async #send(batch: Batch): Promise<boolean> {
    const { writer, onSent, onWritten } = this.#options;
    this.#unsent = batch;
    const since = performance.now();
    const outcome = await writer.send(batch, onSent);
    this.#unsent = undefined;
    switch (outcome.kind) {
      case 'written':
        onWritten({
          position: outcome.position,
          ...batch.size,
          touchesProblems: touchesProblems(batch),
          tookMs: performance.now() - since,
        });
        return true;
      case 'moved':
        this.#startOver('Redis holds something else than was written to it');
        return true;
      case 'fenced':
        return this.#fenced(outcome.by);
    }
  }

  #startOver(why: string): void {
    const { fleet, log } = this.#options;
    log.warn({ fleet }, `${why}; comparing everything`);
    this.#taken = undefined;
  }

  #fenced(by: Term): false {
    this.#taken = undefined;
    this.#options.onFenced(by);
    return false;
  }
}

const touchesProblems = ({ set, gone }: Batch): boolean => [...set.keys(), ...gone].some(isProblemField);
