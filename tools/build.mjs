// Bundles the project in the current folder into dist/: src/main.ts of an app, src/index.ts of a library,
// and every src/*.thread.ts (a worker thread's entry) beside it. Packages from npm stay outside the bundle.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { flotilla = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
const entryPoints = [
  ...['src/main.ts', 'src/index.ts'].filter((file) => existsSync(file)),
  ...readdirSync('src').filter((file) => file.endsWith('.thread.ts')).map((file) => `src/${file}`),
  // An app that starts a library's thread names that thread's source here, so that it lands in the app's own dist/.
  ...(flotilla.threads ?? []),
];

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints,
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: true,
  conditions: ['@flotilla/source'],
  loader: { '.lua': 'text' },
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
  logLevel: 'warning',
});
