// Bundles the project in the current folder into dist/: src/main.ts of an app, src/index.ts of a library,
// and every src/*.process.ts (the entry of a process that it starts) beside it.
import { existsSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { bundle } from './bundle.mjs';

const { flotilla = {} } = JSON.parse(readFileSync('package.json', 'utf8'));
rmSync('dist', { recursive: true, force: true });
await bundle({
  folder: process.cwd(),
  entries: [
    ...['src/main.ts', 'src/index.ts'].filter((file) => existsSync(file)),
    ...readdirSync('src')
      .filter((file) => file.endsWith('.process.ts'))
      .map((file) => `src/${file}`),
    // An app that starts a library's process names that process's source, so that it lands in the app's own dist/.
    ...(flotilla.processes ?? []),
  ],
});
