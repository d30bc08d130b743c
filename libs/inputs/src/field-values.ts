import { type InputField, type Sealer, rulesOfField } from '@flotilla/domain';

/** A field's value as it stands in Redis: sealed when it is a secret. */
export const toStored = (sealer: Sealer, field: InputField, value: string): Buffer =>
  rulesOfField(field).isSealed ? sealer.seal(value, field) : Buffer.from(value);

/** A field's value as it is in memory. Throws `SealError` when it was sealed with another key. */
export const fromStored = (sealer: Sealer, field: InputField, stored: Buffer): string =>
  (rulesOfField(field).isSealed ? sealer.open(stored, field) : stored).toString();
