// npm start: the main job, live, on embedded local servers.
import { install, servers } from './install.mjs';

await install(servers);
const { build, run } = await import('./stages.mjs');
process.stderr.write('flotilla: building\n');
await build();
const { code } = await run(process.execPath, ['apps/demo/dist/main.js', ...process.argv.slice(2)]);
process.exit(code);
