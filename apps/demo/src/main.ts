import { cleanUp } from '@flotilla/testkit';
import { launchDemo } from './launch.ts';

const ending = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    ending.abort();
  });
}

let code = 0;
try {
  await launchDemo((line) => process.stdout.write(`${line}\n`), ending.signal);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  code = 70;
} finally {
  await cleanUp();
}
process.exit(code);
