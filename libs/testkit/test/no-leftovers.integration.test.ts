import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const fixtures = fileURLToPath(new URL('./leftovers', import.meta.url));
const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url));

test('a test file that leaves a timer, a server or a process fails, and one that leaves nothing does not', async () => {
  const arguments_ = [vitest, 'run', '--root', fixtures, '--config', 'vitest.config.mjs', '--reporter', 'json'];
  const { stdout } = await promisify(execFile)(process.execPath, arguments_, {
    // Not that of a run of unit tests, whose files find what the one before left.
    env: { ...process.env, SUITE: 'integration' },
  }).catch((error: unknown) => error as { stdout: string });
  const { testResults } = JSON.parse(stdout) as { testResults: { name: string; status: string; message: string }[] };
  const told = testResults.map(({ name, status, message }) => [
    basename(name, '.fixture.ts'),
    status,
    /left behind: ([^(]*) \(/.exec(message)?.[1],
  ]);
  expect(Object.fromEntries(told.map(([name, ...rest]) => [name, rest]))).toEqual({
    nothing: ['passed', undefined],
    process: ['failed', expect.stringContaining('ProcessWrap')],
    server: ['failed', 'TCPServerWrap'],
    timer: ['failed', 'Timeout'],
  });
});

test('a run of tests is told by its temporary folder what processes and files it leaves, also in memory', async () => {
  const script = `
    import { spawn } from 'node:child_process';
    import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs';
    import { basename, join } from 'node:path';
    import { watchLeftovers } from ${JSON.stringify(new URL('../../../tools/leftovers.mjs', import.meta.url).href)};
    const run = watchLeftovers();
    const looks = [run.look()];
    const child = spawn('/bin/cat', { env: run.env, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    await new Promise((resolve) => child.once('spawn', resolve));
    writeFileSync(join(run.env.TMPDIR, 'x'), '');
    const inMemory = mkdtempSync(\`/dev/shm/flotilla-\${basename(run.env.TMPDIR)}-\`);
    looks.push(run.look());
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    rmdirSync(inMemory);
    run.end();
    console.log(JSON.stringify(looks));
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  expect(JSON.parse(stdout)).toEqual([
    [],
    [
      expect.stringMatching(/^a process: \/bin\/cat \(\d+\)$/),
      'x in the temporary folder',
      expect.stringMatching(/^\/dev\/shm\/flotilla-ft-/),
    ],
  ]);
});
