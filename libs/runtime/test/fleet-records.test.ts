import { desiredFields, metaFields } from '@flotilla/domain';
import { expect, test } from 'vitest';
import { recordScript } from '../src/index.ts';

test('a script that uses a field that there is not is not loaded', () => {
  for (const field of metaFields) recordScript(`return readHash(KEYS[1]).${field} or metaField.${field}`);
  for (const field of desiredFields) recordScript(`return readHash(KEYS[1]).${field} or desiredField.${field}`);
  expect(() => recordScript("redis.call('HGET', KEYS[1], metaField.artefactEpoch)")).toThrow('metaField.artefactEpoch');
  expect(() => recordScript('local meta = readHash(KEYS[1]) return meta.versio')).toThrow('meta.versio:');
  expect(() => recordScript('return meta.version', 'return desired.revision')).toThrow('desired.revision: desired has');
});
