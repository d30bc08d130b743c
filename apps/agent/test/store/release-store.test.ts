import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoadedArtifact } from '@flotilla/artifact';
import { type StorePaths, releaseName, storePaths } from '../../src/store/paths.ts';
import { placeArtifact } from '../../src/store/placed-release.ts';
import { type ReleaseStore, openReleaseStore } from '../../src/store/release-store.ts';
import { stageCheck } from '../../src/store/stage-check.ts';
import { emptyState, readState, writeState } from '../../src/store/state-file.ts';
import { artifact } from '../artifacts.ts';

let paths: StorePaths;
let store: ReleaseStore;

beforeEach(async () => {
  paths = storePaths(join(mkdtempSync(join(tmpdir(), 'flotilla-store-')), 'data'));
  store = await openReleaseStore(paths);
});
afterEach(() => {
  rmSync(join(paths.root, '..'), { recursive: true, force: true });
});

const token = '/@flotilla-release@';
const files = (more: Record<string, string> = {}) => ({
  'haproxy.cfg': `frontend f\n  bind :443 ssl crt-list ${token}/crt-list\n`,
  'crt-list': `${token}/ssl/a.pem\n`,
  'ssl/a.pem': `key ${token} stays\n`,
  'ssl/b.pem': 'other\n',
  'files/x.map': `a ${token}/files\n`,
  ...more,
});
const place = (held: LoadedArtifact) => placeArtifact(held, paths.current);
const write = async (held: LoadedArtifact, before?: LoadedArtifact) => {
  await store.write(place(held), '# own\n', before?.manifest);
  store.switchTo(held.manifest);
};
const inode = (path: string) => statSync(join(paths.current, path)).ino;

describe('the release store', () => {
  it('writes a release with this node’s stable path in place of the token, PEM bundles as they are', async () => {
    await write(artifact(1, files()));
    const read = (path: string) => readFileSync(join(paths.current, path), 'utf8');
    expect(read('haproxy.cfg')).toBe(`frontend f\n  bind :443 ssl crt-list ${paths.current}/crt-list\n`);
    expect(read('crt-list')).toBe(`${paths.current}/ssl/a.pem\n`);
    expect(read('files/x.map')).toBe(`a ${paths.current}/files\n`);
    expect(read('ssl/a.pem')).toBe(`key ${token} stays\n`);
    expect(read('flotilla.cfg')).toBe('# own\n');
    expect(readlinkSync(paths.current)).toMatch(/^releases\/1-[0-9a-f]{12}$/);
  });

  it.each([
    ['all trees', () => paths.trees],
    ['a file of a tree', () => join(paths.current, 'ssl/a.pem')],
    ['the link to a tree', () => join(paths.current, 'ssl')],
  ])('writes a release whole that lies there without %s', async (_, path) => {
    await write(artifact(1, files()));
    rmSync(path(), { recursive: true });
    await write(artifact(1, files()));
    expect(readFileSync(join(paths.current, 'ssl/a.pem'), 'utf8')).toBe(`key ${token} stays\n`);
  });

  it('lets only the owner read', async () => {
    await write(artifact(1, files()));
    const walk = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const stat = lstatSync(join(folder, name));
        if (stat.isSymbolicLink()) continue;
        expect([name, (stat.mode & 0o777).toString(8)]).toEqual([name, stat.isDirectory() ? '700' : '600']);
        if (stat.isDirectory()) walk(join(folder, name));
      }
    };
    expect(statSync(paths.root).mode & 0o777).toBe(0o700);
    walk(paths.root);
  });

  it('shares a folder that did not change, and links the files of one that did', async () => {
    const one = artifact(1, files());
    await write(one);
    const [folder, a, b] = [realpathSync(join(paths.current, 'ssl')), inode('ssl/a.pem'), inode('ssl/b.pem')];
    const two = artifact(2, files({ 'files/x.map': 'a b\n' }));
    await write(two, one);
    expect(realpathSync(join(paths.current, 'ssl'))).toBe(folder);
    await write(artifact(3, files({ 'files/x.map': 'a b\n', 'ssl/b.pem': 'new\n', 'ssl/c.pem': 'more\n' })), two);
    expect(realpathSync(join(paths.current, 'ssl'))).not.toBe(folder);
    expect(inode('ssl/a.pem')).toBe(a);
    expect(inode('ssl/b.pem')).not.toBe(b);
    expect(readdirSync(join(paths.current, 'ssl'))).toEqual(['a.pem', 'b.pem', 'c.pem']);
  });

  it('drops a folder and keeps folders in folders', async () => {
    const one = artifact(1, files());
    await write(one);
    await write(artifact(2, { 'haproxy.cfg': '#\n', 'files/deep/er/x.lua': 'x' }), one);
    expect(readdirSync(paths.current).sort()).toEqual(['files', 'flotilla.cfg', 'haproxy.cfg', 'manifest.json']);
    expect(readFileSync(join(paths.current, 'files/deep/er/x.lua'), 'utf8')).toBe('x');
  });

  it('takes a release that is there already, and brings what is not in its digest up to date', async () => {
    const one = artifact(1, files());
    await write(one);
    const before = inode('haproxy.cfg');
    const reborn = { ...one, manifest: { ...one.manifest, epoch: artifact(1, {}, 'life-2').manifest.epoch } };
    await store.write(place(reborn), '# newer\n');
    expect(inode('haproxy.cfg')).toBe(before);
    expect(readFileSync(join(paths.current, 'flotilla.cfg'), 'utf8')).toBe('# newer\n');
    expect((await store.current())?.manifest.epoch).toBe('life-2');
  });

  it('gives back after a restart what it was given, byte for byte', async () => {
    const binary = Buffer.from([0, 255, 254, 10]);
    const one = artifact(1, { ...files(), 'files/blob': binary });
    await write(one);
    const again = await openReleaseStore(paths);
    const placed = await again.current();
    if (!placed) throw new Error('no release');
    expect(placed.manifest).toEqual(one.manifest);
    expect(placed.release.config.text).toContain(`${paths.current}/crt-list`);
    expect(placed.release.files.get('ssl/b.pem')?.read()).toBe('other\n');
    const held = again.artifactOf(placed);
    expect(held && Object.fromEntries(held.files)).toEqual(Object.fromEntries(one.files));
  });

  it('does not take for an artifact what was changed by hand or cannot be told from the files', async () => {
    const one = artifact(1, files({ 'haproxy.cfg': `# ${paths.current}/x literally\n` }));
    await write(one);
    const placed = await store.current();
    expect(placed && store.artifactOf(placed)).toBeUndefined();
    const two = artifact(2, files());
    await write(two);
    writeFileSync(join(paths.current, 'ssl/b.pem'), 'changed\n');
    const other = await store.current();
    expect(other && store.artifactOf(other)).toBeUndefined();
  });

  it('does not take a release that is not whole', async () => {
    await write(artifact(1, files()));
    rmSync(realpathSync(join(paths.current, 'ssl')), { recursive: true });
    expect(await store.current()).toBeUndefined();
  });

  it('does not take a release for whole whose content was lost with the power', async () => {
    await write(artifact(1, files()));
    writeFileSync(join(paths.current, 'haproxy.cfg'), '');
    expect(await store.current()).toBeUndefined();
    await write(artifact(1, files()));
    expect((await store.current())?.manifest.version).toBe(1);
    writeFileSync(join(paths.current, 'manifest.json'), '');
    expect(await store.current()).toBeUndefined();
  });

  it('has nothing to flush once it was flushed', async () => {
    await write(artifact(1, files()));
    expect(store.unflushedSince).toBeDefined();
    await store.flush();
    expect(store.unflushedSince).toBeUndefined();
  });

  it('refuses a bundle without a configuration, or with a file the agent writes itself', () => {
    expect(() => place(artifact(1, { 'crt-list': '' }))).toThrow(expect.objectContaining({ code: 'bundle' }));
    expect(() => place(artifact(1, files({ 'flotilla.cfg': 'x' })))).toThrow(/flotilla\.cfg/);
  });

  it('collects old releases and trees, and keeps what is in use', async () => {
    const first = artifact(1, files());
    await write(first);
    let before = first;
    for (let number = 2; number <= 14; number++) {
      const next = artifact(number, files({ 'ssl/b.pem': `version ${number}\n` }));
      await write(next, before);
      before = next;
    }
    writeFileSync(join(paths.releases, '.new-left'), '');
    await store.collect([releaseName(first.manifest)]);
    const left = readdirSync(paths.releases).map((name) => Number.parseInt(name, 10));
    expect(left.filter(Number.isFinite).sort((a, b) => a - b)).toEqual([1, 12, 13, 14]);
    // One tree of `files` and four of `ssl`.
    expect(readdirSync(paths.trees)).toHaveLength(5);
    expect((await store.current())?.manifest.version).toBe(14);
    await openReleaseStore(paths);
    expect(readdirSync(paths.releases)).not.toContain('.new-left');
  });

  it('keeps the releases that came last, whatever numbers an earlier life of the data had', async () => {
    for (const number of [...Array(12).keys()]
      .flatMap((at) => (at < 6 ? [] : [100 + at]))
      .concat([1, 2, 3, 4, 5, 6, 7])) {
      await write(artifact(number, files({ 'ssl/b.pem': `version ${number}\n` })));
    }
    await store.collect([]);
    const left = readdirSync(paths.releases).map((name) => Number.parseInt(name, 10));
    expect(left.sort((a, b) => a - b)).toEqual([5, 6, 7]);
  });

  it('stages a check that reads only its own files', async () => {
    const placed = place(artifact(1, files()));
    await store.write(placed, '# own\n');
    const staged = await stageCheck(paths, placed, '# own\n');
    const folder = dirname(staged.files[0] ?? '');
    expect(dirname(folder)).toBe(paths.check);
    expect(staged.files.map((file) => basename(file))).toEqual(['haproxy.cfg', 'flotilla.cfg']);
    const read = (path: string) => readFileSync(join(folder, path), 'utf8');
    expect(read('haproxy.cfg')).toContain(`${folder}/crt-list`);
    expect(read('crt-list')).toBe(`${folder}/ssl/a.pem\n`);
    expect(read('files/x.map')).toBe(`a ${folder}/files\n`);
    expect(read('ssl/a.pem')).toBe(`key ${token} stays\n`);
    expect(lstatSync(join(folder, 'ssl')).isSymbolicLink()).toBe(true);
    await staged.remove();
    expect(readdirSync(paths.check)).toEqual([]);
  });
});

describe('the state file', () => {
  it('keeps identities and the parked version, and nothing else', async () => {
    const { manifest } = artifact(3, files());
    const worker = { pid: 7, started: null, runs: manifest.digest };
    const parked = { artifact: manifest, reason: 'no' };
    writeState(paths.state, { applied: null, lastGood: manifest, parked, refusedLines: null, worker });
    const { epoch, version, digest } = manifest;
    expect(await readState(paths.state, () => undefined)).toEqual({
      applied: null,
      lastGood: { epoch, version, digest },
      parked: { artifact: { epoch, version, digest }, reason: 'no' },
      refusedLines: null,
      worker,
    });
    expect(readFileSync(paths.state, 'utf8')).not.toContain('haproxy.cfg');
  });

  it('keeps lines that were refused for the rest of their pause, and no longer where the clock was set back', async () => {
    const refused = { lines: ['frontend f\0bind :80'], reason: 'no', pauseMs: 60_000 };
    vi.useFakeTimers({ now: 1_000_000, toFake: ['Date', 'performance'] });
    try {
      const notBefore = performance.now() + 50_000;
      writeState(paths.state, { ...emptyState, refusedLines: { ...refused, notBefore } });
      vi.advanceTimersByTime(20_000);
      expect((await readState(paths.state, () => undefined)).refusedLines).toEqual({ ...refused, notBefore });
      vi.setSystemTime(0);
      const capped = performance.now() + refused.pauseMs;
      expect((await readState(paths.state, () => undefined)).refusedLines).toEqual({ ...refused, notBefore: capped });
    } finally {
      vi.useRealTimers();
    }
  });

  it.each(['', '{', '[]', 'null', '{"format":99,"parked":1}'])(
    'is empty when it cannot be read, and says so: %s',
    async (text) => {
      writeFileSync(paths.state, text);
      const told: string[] = [];
      expect(await readState(paths.state, (reason) => told.push(reason))).toEqual(emptyState);
      expect(told).toHaveLength(1);
    },
  );

  it('keeps what is whole where one part of it is odd', async () => {
    const { manifest } = artifact(3, files());
    writeState(paths.state, { ...emptyState, parked: { artifact: manifest, reason: 'no' } });
    const stored = JSON.parse(readFileSync(paths.state, 'utf8')) as object;
    writeFileSync(paths.state, JSON.stringify({ ...stored, worker: { pid: 'x' }, applied: 7, refusedLines: [] }));
    const read = await readState(paths.state, () => undefined);
    expect(read).toMatchObject({ applied: null, worker: null, refusedLines: null, parked: { reason: 'no' } });
  });
});
