import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { repositoryRoot } from '@flotilla/testkit';
import { type Plugin, build } from 'esbuild';

/**
 * Bundles the app and the render process as the build does, into a folder of the test's own: a build that runs meanwhile
 * empties `dist`.
 */
export async function bundleApp(faults: Plugin[] = []): Promise<{ main: string; entry: URL; remove: () => void }> {
  const app = fileURLToPath(new URL('..', import.meta.url));
  const outdir = mkdtempSync(join(tmpdir(), 'flotilla-bundle-'));
  symlinkSync(join(repositoryRoot(), 'node_modules'), join(outdir, 'node_modules'));
  await build({
    absWorkingDir: app,
    entryPoints: ['src/main.ts', '../../libs/template/src/render.process.ts'],
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
      ...faults,
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
  return { main: `${outdir}/main.js`, entry: pathToFileURL(`${outdir}/render.process.js`), remove };
}
