import {
  type Cluster,
  type FleetName,
  type InputField,
  type InputsPosition,
  type Revision,
  type SourcePosition,
  type Term,
  holdField,
  isNoteField,
  reasonOf,
} from '@flotilla/domain';
import type { Batch, InputsWriter } from '@flotilla/inputs';
import { Backoff, Bell, type Logger } from '@flotilla/runtime';
import { Settling } from './settling.ts';

export interface FleetWritingOptions {
  readonly fleet: FleetName;
  readonly cluster: Cluster;
  readonly writer: InputsWriter;
  /** The term while this watcher leads. */
  readonly term: () => Term | undefined;
  /** The source's position that the cluster model stands at. */
  readonly sourcePosition: () => SourcePosition;
  /** The newest position that the source has shown. */
  readonly newest: () => SourcePosition;
  /** Whether the cluster model holds the store's present state. */
  readonly isCurrent: () => boolean;
  /** A write is on its way; what is told Redis on the same connection from now on arrives after it. */
  readonly onSent: (revision: Revision) => void;
  readonly onWritten: (written: Written) => void;
  /** Redis holds what the model holds; a write came before if something differed. */
  readonly onTakenOver: (position: InputsPosition) => void;
  readonly onFenced: (by: Term) => void;
  /** What an operator released: the field that holds something back, and the `since` that it bore. */
  readonly releases: () => Promise<ReadonlyMap<InputField, string>>;
  /** These wishes were obeyed, or what they were for is over. */
  readonly onReleased: (fields: readonly InputField[]) => Promise<void>;
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
  /** Whether what is told about the inputs changed: problems, what is missing, a hold. */
  readonly touchesNotes: boolean;
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
 *                               ├── Redis holds something else, or less than nodes had: taking over again
 *                               └── the store lost what the fleet had: held, only what is told about it is written
 * ```
 *
 * Whether the fleet is held is the cluster model's to say, and stands in the fleet's inputs: every watcher sees it
 * begin, also one that stands by, and whoever takes the lead goes on with what was written. It ends when the store has
 * everything again and came to rest (`Settling`), or when an operator releases the fleet.
 *
 * There is no timer between a change and its write. Changes that come while a write is under way go out together in
 * the next one. A write whose answer was lost is sent again as it was.
 */
export class FleetWriting {
  readonly #options: FleetWritingOptions;
  readonly #bell = new Bell();
  readonly #settling = new Settling({ quietMs: 2_000, longestMs: 30_000 });
  /** The term under which the fleet was taken over. */
  #taken: Term | undefined;
  /** It was taken over once, so the model knows what the fleet had. */
  #wasTaken = false;
  #unsent: Batch | undefined;
  #isCheckDue = false;
  #problem: string | undefined;
  /** The hold that was told in the log. */
  #toldHold: string | undefined;
  #askedForReleasesAt = -Infinity;
  #askedForRefusalsAt = -Infinity;
  #askedForNodesAt = -Infinity;

  constructor(options: FleetWritingOptions) {
    this.#options = options;
  }

  /** Something may be to do: the model changed, or the lead. */
  wake(): void {
    this.#settling.changed(performance.now());
    this.#bell.ring();
  }

  /** Whether Redis is known to hold this fleet's inputs, written by this watcher. */
  get isFollowing(): boolean {
    return this.#taken !== undefined && this.#taken === this.#options.term();
  }

  /** Why the fleet is not written although this watcher leads. A hold is none: what is to be written of it is. */
  get problem(): string | undefined {
    return this.#problem;
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
        // A timer may ring a moment early, so that nothing is left when the wait is reckoned anew.
        const waitMs = this.#settling.isSettling ? Math.max(1, this.#settling.leftMs(performance.now())) : checkEveryMs;
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
    const { cluster, fleet, writer, term, sourcePosition } = this.#options;
    const leading = term();
    this.#settle();
    if (leading === undefined) {
      this.#taken = this.#unsent = undefined;
      // Who takes over compares everything, so nothing has to be remembered meanwhile.
      cluster.takeAll(fleet);
      return false;
    }
    if (this.#taken !== leading) return this.#takeOver(leading);
    if (this.#unsent) return this.#send(this.#unsent);
    if (await this.#isBehindNodes()) {
      this.#startOver('Redis was set back: a node has a newer version');
      return true;
    }
    await this.#obeyReleases();
    await this.#fallBack();
    cluster.letGo(fleet);
    const { changes, provenance } = cluster.takeChanges(fleet);
    if (changes.size > 0) return this.#send(writer.prepare(changes, { provenance, sourcePosition: sourcePosition() }));
    if (!this.#isCheckDue) return false;
    this.#isCheckDue = false;
    if ((await writer.check()) === 'unchanged') return false;
    this.#startOver('Redis does not hold what was written to it');
    return true;
  }

  /** A hold ends by itself when the store has everything again; who stands by sees that too. */
  #settle(): void {
    const { cluster, fleet, isCurrent, log } = this.#options;
    const hold = cluster.hold(fleet);
    if (hold && isCurrent()) {
      const lacks = cluster.lacks(fleet).length > 0;
      if (this.#settling.isOver(lacks, performance.now())) cluster.endHold(fleet);
    }
    const now = cluster.hold(fleet);
    if (now?.since === this.#toldHold) return;
    this.#toldHold = now?.since;
    if (now) log.warn({ fleet, since: now.since, reason: now.reason }, 'held');
    else log.info({ fleet }, 'no longer held: what the store says counts again');
  }

  /** Who leads since Redis was set back cannot know what it lost, but nodes do. */
  async #isBehindNodes(): Promise<boolean> {
    const { cluster, fleet, writer, checkEveryMs = 2_000 } = this.#options;
    if (cluster.hold(fleet) || performance.now() - this.#askedForNodesAt < checkEveryMs) return false;
    this.#askedForNodesAt = performance.now();
    return writer.isBehindNodes();
  }

  /** An operator may say that the store is right although something is missing in it. */
  async #obeyReleases(): Promise<void> {
    const { cluster, fleet, releases, onReleased, checkEveryMs = 2_000, log } = this.#options;
    const hold = cluster.hold(fleet);
    const missing = cluster.missing(fleet);
    if (!hold && missing.size === 0) return;
    if (performance.now() - this.#askedForReleasesAt < checkEveryMs) return;
    this.#askedForReleasesAt = performance.now();
    const released = await releases();
    if (released.size === 0) return;
    const fields = [...released.keys()];
    const meant = fields.filter((field) => missing.get(field) === released.get(field));
    const isHoldMeant = hold !== undefined && released.get(holdField) === hold.since;
    if (isHoldMeant || meant.length > 0) log.warn({ fleet, released: fields }, 'released by an operator');
    if (isHoldMeant) cluster.believe(fleet);
    else cluster.letGo(fleet, meant);
    await onReleased(fields);
  }

  /** A value that was refused is no last good value: one that was accepted stands in for what cannot be used. */
  async #fallBack(): Promise<void> {
    const { cluster, fleet, writer, checkEveryMs = 2_000, log } = this.#options;
    if (performance.now() - this.#askedForRefusalsAt < checkEveryMs) return;
    const kept = cluster.keptFields(fleet);
    if (kept.length === 0) return;
    this.#askedForRefusalsAt = performance.now();
    const accepted = await writer.refused(kept);
    if (accepted.size === 0) return;
    const fields = [...accepted.keys()];
    log.warn(
      { fleet, fields },
      'what stood in for entries that are set aside was refused; what was accepted before does now',
    );
    cluster.fallBack(fleet, accepted);
  }

  /** A model that is behind the store must not overwrite what a better informed leader wrote. */
  async #takeOver(leading: Term): Promise<boolean> {
    const { cluster, fleet, writer, isCurrent, sourcePosition, newest, onTakenOver, log } = this.#options;
    if (!isCurrent()) return false;
    this.#unsent = undefined;
    const claim = await writer.claim(leading);
    if (claim.kind === 'fenced') return this.#fenced(claim.by);
    // What is older than the model, a hold that ended since for example, is nothing to go on from.
    const isKnown = claim.isOwn || (claim.begins && this.#wasTaken);
    const written = isKnown ? undefined : await writer.written();
    if (written) cluster.takeOver(fleet, written, newest());
    this.#settle();
    // What a held fleet goes on with is what Redis has: then nodes keep their newer version.
    const begins = claim.begins || (!cluster.hold(fleet) && (await writer.endLostLife()));
    if (begins)
      log.info({ fleet }, 'Redis has no inputs, or older ones than are known of: a new life of the data begins');
    // Both at the same instant: the fields are what later changes are counted from.
    const { provenance } = cluster.takeAll(fleet);
    const fields = new Map(cluster.allFields(fleet));
    const batch = await writer.compare(fields, { provenance, sourcePosition: sourcePosition() });
    this.#taken = leading;
    this.#wasTaken = true;
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
          touchesNotes: touchesNotes(batch),
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

const touchesNotes = ({ set, gone }: Batch): boolean => [...set.keys(), ...gone].some(isNoteField);
