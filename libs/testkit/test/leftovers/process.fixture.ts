import { spawn } from 'node:child_process';
import { test } from 'vitest';

test('a process', () => {
  // It ends with the pipe to this process.
  spawn('/bin/cat', { stdio: ['pipe', 'ignore', 'ignore'] });
});
