import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What these files leave behind is what no-leftovers.integration.test.ts looks for. */
export default defineConfig({
  test: {
    include: ['*.fixture.ts'],
    maxWorkers: 4,
    setupFiles: [fileURLToPath(new URL('../../src/no-leftovers.ts', import.meta.url))],
  },
});
