import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Plugin, build } from 'esbuild';

/** Bundles the render process as the build does. The file lies inside of the repository, so that packages are found. */
export async function bundleProcess(plugins: Plugin[] = []): Promise<{ entry: URL; remove: () => void }> {
  const outfile = fileURLToPath(
    new URL(`../dist/test-${process.pid}-${randomUUID()}/render.process.js`, import.meta.url),
  );
  await build({
    entryPoints: [fileURLToPath(new URL('../src/render.process.ts', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    conditions: ['@flotilla/source'],
    loader: { '.lua': 'text' },
    external: ['nunjucks'],
    logLevel: 'error',
    plugins,
  });
  const remove = (): void => {
    rmSync(new URL('.', pathToFileURL(outfile)), { recursive: true, force: true });
  };
  return { entry: pathToFileURL(outfile), remove };
}
