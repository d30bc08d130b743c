// How TypeScript becomes what Node runs: one bundle for each entry, packages from npm left outside.
import { existsSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));

/**
 * Bundles `entries` of `folder` into `<folder>/dist/<name>.js`.
 * @param {{ folder: string, entries: string[], outdir?: string }} options
 */
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
    // What a bundled CommonJS package requires of Node itself.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    define: { FLOTILLA_VERSION: JSON.stringify(version) },
    logLevel: 'warning',
    plugins: [
      {
        name: 'npm-packages-outside',
        setup({ onResolve }) {
          onResolve({ filter: /^[^./]/ }, ({ path, kind, resolveDir }) => {
            if (kind === 'entry-point' || path.startsWith('@flotilla/')) return null;
            // A library's package of another version than the one Node finds from the bundle goes into the bundle.
            const same = isBuiltin(path) || packageFolder(path, resolveDir) === packageFolder(path, folder);
            return same ? { external: true } : null;
          });
        },
      },
    ],
  });

/**
 * Where Node finds a package from a folder; undefined when it does not.
 * @param {string} path
 * @param {string} from
 */
function packageFolder(path, from) {
  const name = path.split('/', path.startsWith('@') ? 2 : 1).join('/');
  for (let at = from; ; at = dirname(at)) {
    const found = join(at, 'node_modules', name);
    if (existsSync(found)) return found;
    if (at === dirname(at)) return undefined;
  }
}
