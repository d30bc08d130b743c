import type { Redis } from 'ioredis';
import {
  type FleetName,
  type InputField,
  type InputsPosition,
  type Provenance,
  type Sealer,
  fleetKeys,
  maxListedChanges,
  parseProvenance,
} from '@flotilla/domain';
import { recordScript } from '@flotilla/runtime';
import { fromStored } from './field-values.ts';
import { InputsAbsentError, InputsReplyError, InputsRestlessError } from './inputs-error.ts';
import { type StampedPosition, nowhere, stampedPosition } from './position.ts';
import source from './read-since.lua';
import { scanFields } from './scan.ts';

/** What a reader has to take over to stand at a position. */
export interface InputsUpdate extends InputsPosition {
  /** `full`: forget what was there, the changes are everything. */
  readonly mode: 'full' | 'delta';
  readonly changes: ReadonlyMap<InputField, string | null>;
  /** Newest first, at most `maxListedChanges`; after a full read those of the newest revision. */
  readonly provenance: readonly Provenance[];
  /** How many objects caused the changes; 0 after a full read. */
  readonly changeCount: number;
}

/** Follows one fleet's inputs. It remembers where it stands. One call at a time. */
export interface InputsReader {
  /**
   * What changed since the last read: a state that existed as a whole, never parts of two.
   * Throws `InputsAbsentError` when there are none, `SealError` when a key was sealed with another FLOTILLA_KEY.
   */
  read(): Promise<InputsUpdate>;
  /** Forgets where it stands: the next read is full. */
  reset(): void;
}

const script = recordScript(source);
/** Values that one step returns, doubled with every attempt, so that in the end one step covers what moves. */
const valuesPerStep = 256;
const valuesPerCall = 256;
const maxAttempts = 16;

interface Step extends StampedPosition {
  readonly kind: 'full' | 'delta';
  readonly provenance: Provenance[];
  readonly causes: number;
  readonly fields: readonly string[];
  /** Of the first fields. */
  readonly values: readonly (Buffer | null)[];
}

export function createInputsReader(options: { redis: Redis; fleet: FleetName; sealer: Sealer }): InputsReader {
  const { redis, fleet, sealer } = options;
  const keys = fleetKeys(fleet);
  let position: StampedPosition = nowhere;

  /**
   * The values that one step returns belong together. Whatever is fetched outside of it (a long delta's rest, a full
   * read's chunks) may be newer, so the next step asks again what changed since the step's position, until one step
   * covers everything that moved.
   */
  const read = async (): Promise<InputsUpdate> => {
    let at = position;
    let mode: InputsUpdate['mode'] = 'delta';
    const changes = new Map<InputField, string | null>();
    let provenance: Provenance[] = [];
    let causes = 0;
    for (let attempt = 0; attempt < maxAttempts; attempt++) {
      const step = await readSince(at, valuesPerStep * 2 ** attempt);
      at = step;
      if (step.kind === 'full') {
        mode = 'full';
        changes.clear();
        for await (const [field, stored] of scanFields(redis, keys.inputs)) {
          changes.set(field, fromStored(sealer, field, stored));
        }
        ({ provenance } = step);
        causes = 0;
        continue;
      }
      for (const [field, stored] of await valuesOf(step)) {
        if (stored) changes.set(field, fromStored(sealer, field, stored));
        else if (mode === 'full') changes.delete(field);
        else changes.set(field, null);
      }
      provenance = [...step.provenance, ...provenance].slice(0, maxListedChanges);
      causes += step.causes;
      if (step.fields.length > step.values.length) continue;
      position = at;
      const { epoch, revision } = step;
      return { epoch, revision, mode, changes, provenance, changeCount: causes };
    }
    throw new InputsRestlessError(fleet, maxAttempts);
  };

  const valuesOf = async ({ fields, values }: Step): Promise<[InputField, Buffer | null][]> => {
    const all = [...values];
    while (all.length < fields.length) {
      const chunk = fields.slice(all.length, all.length + valuesPerCall);
      all.push(...(await redis.hmgetBuffer(keys.inputs, ...chunk)));
    }
    return fields.map((field, at) => [field, all[at] ?? null]);
  };

  const readSince = async ({ epoch, revision, stamp }: StampedPosition, limit: number): Promise<Step> => {
    const args = [epoch, revision, stamp, limit];
    const reply = await script.run(redis, [keys.meta, keys.inputs, keys.log], args);
    const [kind, life, count, mark, objects, causes, fields, values] = Array.isArray(reply) ? (reply as unknown[]) : [];
    switch (String(kind)) {
      case 'absent':
        throw new InputsAbsentError(fleet);
      case 'full':
      case 'delta':
        return {
          ...stampedPosition(life, count, mark),
          kind: String(kind) as 'full' | 'delta',
          provenance: listOf(objects).flatMap((json) => parseProvenance(String(json))),
          causes: Number(causes ?? 0),
          fields: listOf(fields).map(String),
          values: listOf(values) as (Buffer | null)[],
        };
      default:
        throw new InputsReplyError(fleet, 'read-since.lua', String(kind));
    }
  };

  return {
    read,
    reset: () => {
      position = nowhere;
    },
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
