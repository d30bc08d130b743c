import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { socketFolder } from '../../src/haproxy/socket-folder.ts';

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

test('sockets stand in the data folder when its path is short', () => {
  expect(socketFolder('/var/lib/flotilla/run')).toBe('/var/lib/flotilla/run');
});

test('sockets of a data folder with a long path stand in a folder that the next agent finds, closed to others', () => {
  const root = mkdtempSync(join(tmpdir(), 'flotilla-long-'));
  made.push(root);
  const run = join(root, 'x'.repeat(100), 'run');
  const folder = socketFolder(run);
  made.push(folder);
  expect(Buffer.byteLength(folder)).toBeLessThan(80);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(socketFolder(run)).toBe(folder);
  const other = socketFolder(`${run}2`);
  made.push(other);
  expect(other).not.toBe(folder);
});
