import type { Redis } from 'ioredis';
import {
  type FieldChanges,
  type FleetName,
  type InputField,
  type InputsPosition,
  type Revision,
  type Sealer,
  type Term,
  type WrittenInputs,
  fleetKeys,
  lastGoodParts,
  rulesOfField,
  newEpoch,
  revision,
  term,
} from '@flotilla/domain';
import { recordScript, readMeta } from '@flotilla/runtime';
import { acceptedBefore } from './accepted.ts';
import { type Batch, type Cause, makeBatch } from './batch.ts';
import claimSource from './claim.lua';
import { fromStored } from './field-values.ts';
import { InputsReplyError } from './inputs-error.ts';
import { readLostLife } from './nodes-ahead.ts';
import { type StampedPosition, nowhere, stampedPosition } from './position.ts';
import { scanFields } from './scan.ts';
import { sendStaged } from './staging.ts';
import writeSource from './write.lua';

export type ClaimOutcome =
  /**
   * `begins`: there is no data to go on from, or older data than this writer knows of; everything is written anew, in a
   * new life.
   * `isOwn`: what Redis holds is what this writer itself wrote last.
   */
  | { readonly kind: 'claimed'; readonly begins: boolean; readonly isOwn: boolean }
  | { readonly kind: 'fenced'; readonly by: Term };

export type WriteOutcome =
  | { readonly kind: 'written'; readonly position: InputsPosition }
  /** Redis does not hold what this writer left there: claim and compare again. */
  | { readonly kind: 'moved' }
  /** A leader of a higher term is at work: stop writing. */
  | { readonly kind: 'fenced'; readonly by: Term };

export type Standing = 'unchanged' | 'moved';

/** Writes one fleet's inputs. One call at a time. Every method rejects when Redis does. */
export interface InputsWriter {
  /** Takes the fleet for a term, before anything else. Nothing changes for readers unless a life of the data ends. */
  claim(term: Term): Promise<ClaimOutcome>;
  /**
   * Ends the life of the data when a node has a newer version than Redis: it was set back, which this writer could not
   * know. True when the next write begins a new life.
   */
  endLostLife(): Promise<boolean>;
  /** All that was written, with the source's position that it stands at; undefined when that is nothing. Keys that do not open are left out. */
  written(): Promise<WrittenInputs | undefined>;
  /**
   * Those of the fields whose value no render has got through with, though one was tried: the value that one got
   * through with before, or null for none.
   */
  refused(fields: readonly InputField[]): Promise<ReadonlyMap<InputField, string | null>>;
  /** A batch that makes Redis hold exactly these fields, or undefined when it does. */
  compare(fields: ReadonlyMap<InputField, string>, cause: Cause): Promise<Batch | undefined>;
  prepare(changes: FieldChanges, cause: Cause): Batch;
  /**
   * Sends a batch. After a rejection the same batch may be sent again. `onSent` is told when the write is on its way,
   * and the revision it makes unless it is refused: what the same connection is told next reaches Redis after the
   * write. It may be told more than once.
   */
  send(batch: Batch, onSent?: (revision: Revision) => void): Promise<WriteOutcome>;
  /** Whether Redis still holds what was written last: a cheap look at position and count. */
  check(): Promise<Standing>;
  /** Whether a node has a newer version than Redis. */
  isBehindNodes(): Promise<boolean>;
  /** What was written last, or found when the fleet was claimed. */
  readonly position: InputsPosition;
}

const claimScript = recordScript(claimSource);
const writeScript = recordScript(writeSource);

/** How many revisions the log keeps, about: a reader that is further behind reads everything. */
const logEntries = 10_000;
/** With more names than this in one revision a reader is better off reading everything. */
const namesPerEntry = 2_000;

/** Writes the inputs of `fleet` (a table of the fields stands in the domain's inputs.ts). */
export function createInputsWriter(options: { redis: Redis; fleet: FleetName; sealer: Sealer }): InputsWriter {
  const { redis, fleet, sealer } = options;
  const keys = fleetKeys(fleet);
  let ours: Term = term(0);
  /** What Redis should hold. */
  let position: StampedPosition = nowhere;
  /** The last write that this writer made or found. Kept over a loss of the lead: it proves whether Redis lost revisions. */
  let known: StampedPosition = nowhere;
  /** Lives of the data that the next new one has to be above. */
  const lives = new Set<string>();
  /** The position this writer itself made last. */
  let made: StampedPosition = nowhere;
  let count: number | undefined;
  const caused = (cause: Cause) => ({ ...cause, epoch: newEpoch([...lives, known.epoch]) });

  return {
    get position() {
      return position;
    },

    claim: (given) => claim(given),

    async endLostLife() {
      const lost = await readLostLife(redis, fleet, sealer);
      if (!lost) return false;
      lives.add(lost.node.epoch);
      const outcome = await claim(ours, lost.epoch);
      return outcome.kind === 'claimed' && outcome.begins;
    },

    async written() {
      const values = new Map<InputField, string>();
      for await (const [field, stored] of scanFields(redis, keys.inputs)) {
        const value = read(field, stored);
        if (value !== undefined) values.set(field, value);
      }
      return values.size === 0 ? undefined : { fields: values, position: (await readMeta(redis, fleet)).position };
    },

    refused: async (fields) => {
      const values = new Map<InputField, string | null>();
      for (const [field, stored] of await acceptedBefore(redis, fleet, fields)) {
        const value = stored === null ? null : read(field, stored);
        if (value !== undefined) values.set(field, value);
      }
      return values;
    },

    async compare(fields, cause) {
      if (position.epoch === '') return makeBatch(sealer, fields, caused(cause), 'always');
      const changes = new Map<InputField, string | null>(fields);
      for await (const [field, stored] of scanFields(redis, keys.inputs)) {
        const wanted = fields.get(field);
        if (wanted === undefined) changes.set(field, null);
        else if (same(field, stored, wanted)) changes.delete(field);
      }
      if (changes.size > 0) return makeBatch(sealer, changes, caused(cause));
      count = fields.size;
      return undefined;
    },

    prepare: (changes, cause) => makeBatch(sealer, changes, caused(cause)),

    async send(batch, onSent) {
      const staged = `${keys.inputs}:staged:${batch.stamp}`;
      if (batch.isStaged) await sendStaged(redis, staged, batch.set);
      const scriptKeys = [keys.meta, keys.inputs, keys.log, staged, keys.accepted];
      const next = revision(position.epoch === '' ? 1 : position.revision + 1);
      const sent = (): void => onSent?.(next);
      const reply = words(await writeScript.run(redis, scriptKeys, writeArguments(batch, ours, position), sent));
      switch (reply[0]) {
        case 'written':
          position = known = made = stampedPosition(reply[1], reply[2], batch.stamp);
          count = Number(reply[3]);
          return { kind: 'written', position };
        case 'moved':
          return { kind: 'moved' };
        case 'fenced':
          return { kind: 'fenced', by: term(Number(reply[1])) };
        default:
          throw new InputsReplyError(fleet, 'write.lua', String(reply[0]));
      }
    },

    async check() {
      const { inputs } = await readMeta(redis, fleet);
      if (inputs?.epoch !== position.epoch || inputs.stamp !== position.stamp) return 'moved';
      return count === undefined || (await redis.hlen(keys.inputs)) === count ? 'unchanged' : 'moved';
    },

    isBehindNodes: async () => (await readLostLife(redis, fleet, sealer)) !== undefined,
  };

  /** `ended`: a life that has to end if it is the one that is found. */
  async function claim(given: Term, ended = ''): Promise<ClaimOutcome> {
    const args = [given, known.epoch, known.revision, known.stamp, ended];
    const reply = words(await claimScript.run(redis, [keys.meta, keys.log], args));
    const [kind, first, second, third, before] = reply;
    if (kind === 'fenced') return { kind, by: term(Number(first)) };
    if (kind !== 'claimed') throw new InputsReplyError(fleet, 'claim.lua', String(kind));
    ours = given;
    position = stampedPosition(first, second, third);
    if (before) lives.add(before);
    if (position.epoch !== '') known = position;
    count = undefined;
    const isOwn = position.epoch !== '' && position.epoch === made.epoch && position.stamp === made.stamp;
    return { kind, begins: position.epoch === '', isOwn };
  }

  function read(field: InputField, stored: Buffer): string | undefined {
    try {
      return fromStored(sealer, field, stored);
    } catch {
      // Sealed with another key: nothing to go on from; what is good now replaces it.
      return undefined;
    }
  }

  function same(field: InputField, stored: Buffer, wanted: string): boolean {
    // Comparing bytes spares the decoding of every pod.
    return rulesOfField(field).isSealed ? read(field, stored) === wanted : stored.equals(Buffer.from(wanted));
  }
}

function writeArguments(batch: Batch, ours: Term, position: StampedPosition): (string | number | Buffer)[] {
  const names = [...batch.set.keys(), ...batch.gone];
  const direct = batch.isStaged ? [] : [...batch.set].flat();
  return [
    ...[
      ours,
      position.epoch,
      position.revision,
      batch.epoch,
      batch.stamp,
      batch.sourcePosition,
      new Date().toISOString(),
    ],
    ...[logEntries, batch.objects, batch.causes, names.length > namesPerEntry ? '*' : names.join('\n')],
    ...[batch.isStaged ? batch.set.size : 0, batch.isStaged ? 0 : batch.set.size, ` ${lastGoodParts.join(' ')} `],
    ...direct,
    ...batch.gone,
  ];
}

const words = (reply: unknown): (string | undefined)[] => (Array.isArray(reply) ? reply.map(String) : []);
