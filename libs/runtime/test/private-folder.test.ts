import { chmodSync, chownSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cleanUp, temporaryFolder } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { privateFolder } from '../src/private-folder.ts';

afterEach(cleanUp);
const own = process.getuid?.() ?? 0;

test('a folder is made for its owner only', () => {
  const path = join(temporaryFolder('private').path, 'data');
  privateFolder(path);
  expect(statSync(path).mode & 0o777).toBe(0o700);
});

test('a folder that somebody else made is refused with what to do; that of root is taken', () => {
  const { path } = temporaryFolder('private');
  // Root can give a folder away; anybody else can only be told that it is another's.
  if (own === 0) chownSync(path, 12_345, 12_345);
  expect(() => {
    privateFolder(path, own === 0 ? 0 : own + 1);
  }).toThrow(/belongs to user .* set FLOTILLA_DATA_DIR/);
  expect(() => {
    privateFolder('/proc', own + 1);
  }).not.toThrow();
});

test('a folder for everybody is refused and stays as it is', () => {
  const { path } = temporaryFolder('private');
  for (const [mode, uid] of [
    [0o1777, own],
    [0o777, own + 1],
  ] as const) {
    chmodSync(path, mode);
    expect(() => {
      privateFolder(path, uid);
    }).toThrow(own === 0 || uid === own ? /can be written by others.*set FLOTILLA_DATA_DIR/ : /belongs to user/);
    expect(statSync(path).mode & 0o7777).toBe(mode);
  }
});

test('what others could write in is taken back', () => {
  const { path } = temporaryFolder('private');
  chmodSync(path, 0o777);
  privateFolder(path);
  expect(statSync(path).mode & 0o022).toBe(0);
});
