#!/usr/bin/env node
import { existsSync } from 'node:fs';

const main = new URL('../dist/main.js', import.meta.url);
if (!existsSync(main)) {
  process.stderr.write('flotilla is not built yet: run "npm ci && npm run build" in its folder\n');
  process.exit(70);
}
await import(main.href);
