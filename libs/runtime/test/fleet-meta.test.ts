import { metaFields } from '@flotilla/domain';
import { expect, test } from 'vitest';
import { metaScript } from '../src/index.ts';

test('a script that uses a field that there is not is not loaded', () => {
  for (const field of metaFields) metaScript(`return readHash(KEYS[1]).${field} or metaField.${field}`);
  expect(() => metaScript("redis.call('HGET', KEYS[1], metaField.artefactEpoch)")).toThrow('metaField.artefactEpoch');
  expect(() => metaScript('local meta = readHash(KEYS[1]) return meta.versio')).toThrow('meta.versio:');
});
