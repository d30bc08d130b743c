import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { test } from 'vitest';

test('nothing', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.close();
  const child = spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end();
  setTimeout(() => undefined, 200);
});
