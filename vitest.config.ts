import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

/**
 * One configuration for every project; `SUITE` picks the kind of test by file name:
 * `*.test.ts` needs no server, `*.integration.test.ts` starts real servers, `*.e2e.test.ts` starts the built apps.
 */
const suite = process.env['SUITE'] ?? 'unit';
const include = {
  unit: ['**/*.test.ts'],
  integration: ['**/*.integration.test.ts'],
  e2e: ['**/*.e2e.test.ts'],
}[suite];
if (!include) throw new Error(`SUITE=${suite}: use unit, integration or e2e`);

export default defineConfig({
  resolve: { conditions: ['@flotilla/source', 'node'] },
  ssr: { resolve: { conditions: ['@flotilla/source', 'node'] } },
  plugins: [
    {
      name: 'lua-as-text',
      enforce: 'pre',
      load(id) {
        return id.endsWith('.lua') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))};` : null;
      },
    },
  ],
  test: {
    include,
    exclude: [
      '**/node_modules/**',
      '**/dist/**',
      ...(suite === 'unit' ? ['**/*.integration.test.ts', '**/*.e2e.test.ts'] : []),
    ],
    passWithNoTests: true,
    setupFiles: [new URL('libs/testkit/src/no-leftovers.ts', import.meta.url).pathname],
    // No test is to fail because the machine is busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: suite !== 'e2e',
    // Unit tests of one worker share the modules they import, which takes longer than the tests.
    isolate: suite !== 'unit',
    maxWorkers: 2,
    reporters: ['default', ['json', { outputFile: `reports/${suite}.json` }]],
  },
});
