// The tests' configuration, with one file replaced by a broken one (tools/mutants.mjs).
import { readFileSync } from 'node:fs';
import { mergeConfig } from 'vitest/config';
import config from '../vitest.config.ts';

const { MUTANT_OF, MUTANT = '' } = process.env;

export default mergeConfig(config, {
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      load: (/** @type {string} */ id) => (id === MUTANT_OF ? readFileSync(MUTANT, 'utf8') : null),
    },
  ],
  test: { reporters: [['default', { summary: false }]] },
});
