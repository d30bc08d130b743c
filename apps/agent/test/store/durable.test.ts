import type * as Fs from 'node:fs';
import { realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cleanUp, temporaryFolder } from '@flotilla/testkit';
import { afterEach, expect, test, vi } from 'vitest';
import { storePaths } from '../../src/store/paths.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { emptyState } from '../../src/store/state-file.ts';
import { artifact } from '../artifacts.ts';

/** The store on a file system that says what is flushed. */
async function storeThatTells(flushed: string[]) {
  const fs = await vi.importActual<typeof Fs>('node:fs');
  const fsync = (fd: number, done: Fs.NoParamCallback): void => {
    flushed.push(fs.readlinkSync(`/proc/self/fd/${fd}`));
    fs.fsync(fd, done);
  };
  // Other tests may have loaded the store with the real one, and go on to.
  vi.resetModules();
  vi.doMock('node:fs', () => ({ ...fs, fsync }));
  return import('../../src/store/release-store.ts');
}

afterEach(async () => {
  vi.doUnmock('node:fs');
  vi.resetModules();
  await cleanUp();
});

test('a flush puts every file of a release, every folder and the state on the disk', async () => {
  const flushed: string[] = [];
  const { openReleaseStore } = await storeThatTells(flushed);
  const paths = storePaths(realpathSync(temporaryFolder('durable').path));
  const store = await openReleaseStore(paths);
  const held = artifact(1, { 'haproxy.cfg': 'a', 'crt-list': 'b', 'ssl/a.pem': 'c', 'files/maps/x.map': 'd' });
  await store.write(placeArtifact(held, paths.current), '# own');
  store.switchTo(held.manifest);
  store.writeState(emptyState);
  await store.flush();
  // The names of trees and releases are of digests, and what is being written has a name for the time.
  const names = flushed.map((path) => relative(paths.root, path).replace(/^(trees|releases)\/[^/]+/, '$1/x'));
  for (const name of ['haproxy.cfg', 'crt-list', 'flotilla.cfg', 'manifest.json'])
    expect(names).toContain(join('releases/x', name));
  for (const name of ['a.pem', 'maps/x.map', 'maps']) expect(names).toContain(join('trees/x', name));
  for (const name of ['', 'releases', 'trees', 'trees/x', 'state.json']) expect(names).toContain(name);
});
