// npm run chaos: random faults on servers of its own, for as long as you like. --help lists the options.
import { install, servers } from './install.mjs';

if (!process.argv.includes('--help')) await install(servers);
const { build, run, root } = await import('./stages.mjs');
if (!process.argv.includes('--help')) await build();
const { bundle } = await import('./bundle.mjs');
await bundle({ folder: `${root}/test`, entries: ['chaos/main.ts'], outdir: 'dist/chaos' });
const { code } = await run(process.execPath, ['test/dist/chaos/main.js', ...process.argv.slice(2)]);
process.exit(code);
