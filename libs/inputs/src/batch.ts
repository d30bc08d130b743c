import { randomBytes } from 'node:crypto';
import {
  type Epoch,
  type FieldChanges,
  type InputField,
  type Provenance,
  type SourcePosition,
  type Sealer,
  maxListedChanges,
} from '@flotilla/domain';
import { toStored } from './field-values.ts';

/** Where a write's changes come from. */
export interface Cause {
  /** Oldest first. */
  readonly provenance: readonly Provenance[];
  /** The source's position that the changes bring the fleet to. */
  readonly sourcePosition: SourcePosition;
}

/** One write, ready to be sent. It may be sent again when nobody knows whether it arrived: its stamp tells. */
export interface Batch {
  readonly stamp: string;
  /** Taken when this write begins a new life of the data. */
  readonly epoch: Epoch;
  readonly set: ReadonlyMap<InputField, Buffer>;
  readonly gone: readonly InputField[];
  /** Set in chunks beforehand and taken over in one step, as all at once would hold Redis up. */
  readonly isStaged: boolean;
  readonly sourcePosition: SourcePosition;
  /** JSON of the newest causes. */
  readonly objects: string;
  readonly causes: number;
  readonly size: { readonly fields: number; readonly bytes: number };
}

/** Past either, a batch is staged: one call of this size takes Redis some 5 ms. */
const directFields = 1_000;
const directBytes = 4 * 1024 * 1024;

export function makeBatch(
  sealer: Sealer,
  changes: FieldChanges,
  { provenance, sourcePosition, epoch }: Cause & { readonly epoch: Epoch },
  staging: 'when-large' | 'always' = 'when-large',
): Batch {
  const set = new Map<InputField, Buffer>();
  const gone: InputField[] = [];
  let bytes = 0;
  for (const [field, value] of changes) {
    if (value === null) gone.push(field);
    else {
      const stored = toStored(sealer, field, value);
      set.set(field, stored);
      bytes += stored.length;
    }
  }
  return {
    stamp: randomBytes(9).toString('base64url'),
    epoch,
    set,
    gone,
    isStaged: staging === 'always' || changes.size > directFields || bytes > directBytes,
    sourcePosition,
    objects: JSON.stringify(provenance.slice(-maxListedChanges).reverse()),
    causes: provenance.length,
    size: { fields: changes.size, bytes },
  };
}
