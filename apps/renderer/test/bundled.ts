import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { repositoryRoot } from '@flotilla/testkit';
import { build } from 'esbuild';

/**
 * Bundles the app and the render thread as the build does, into a folder of the test's own: a build that runs meanwhile
 * empties `dist`.
 */
export async function bundleApp(): Promise<{ main: string; thread: URL; remove: () => void }> {
  const app = fileURLToPath(new URL('..', import.meta.url));
  const outdir = mkdtempSync(join(tmpdir(), 'flotilla-bundle-'));
  symlinkSync(join(repositoryRoot(), 'node_modules'), join(outdir, 'node_modules'));
  await build({
    absWorkingDir: app,
    entryPoints: ['src/main.ts', '../../libs/template/src/render.thread.ts'],
    entryNames: '[name]',
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@flotilla/source'],
    loader: { '.lua': 'text' },
    logLevel: 'error',
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
  const remove = (): void => {
    rmSync(outdir, { recursive: true, force: true });
  };
  return { main: `${outdir}/main.js`, thread: pathToFileURL(`${outdir}/render.thread.js`), remove };
}
