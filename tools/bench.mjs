// npm run bench: measures on servers of its own. Arguments go to the bench; --help lists them.
import { install, oracle, servers } from './install.mjs';

await install([...servers, ...oracle]);
const { build, run, root } = await import('./stages.mjs');
await build();
const { bundle } = await import('./bundle.mjs');
await bundle({ folder: `${root}/test`, entries: ['bench/main.ts', 'bench/wire.ts'] });
const { code } = await run(process.execPath, ['test/dist/main.js', ...process.argv.slice(2)]);
process.exit(code);
