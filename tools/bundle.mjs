// How TypeScript becomes what Node runs: one bundle for each entry, packages from npm left outside.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));

/** Bundles `entries` of `folder` into `<folder>/dist/<name>.js`. */
export const bundle = ({ folder, entries, outdir = 'dist' }) =>
  build({
    absWorkingDir: folder,
    entryPoints: entries,
    entryNames: '[name]',
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: true,
    conditions: ['@flotilla/source'],
    loader: { '.lua': 'text' },
    define: { FLOTILLA_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
    plugins: [
      {
        name: 'npm-packages-outside',
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
            kind === 'entry-point' || path.startsWith('@flotilla/') ? null : { external: true },
          );
        },
      },
    ],
  });
