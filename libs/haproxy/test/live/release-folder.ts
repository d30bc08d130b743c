import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseConfig } from '../../src/model/config.ts';
import type { Release, ReleaseFile } from '../../src/plan/release.ts';

export const file = (content: string): ReleaseFile => ({
  digest: createHash('sha256').update(content).digest('hex'),
  read: () => content,
});

/** A release in memory; `files` by their path inside the root. */
export function release(root: string, config: string, files: Record<string, string> = {}, previous?: Release): Release {
  return {
    root,
    config: parseConfig(config, previous?.config),
    files: new Map(Object.entries(files).map(([path, content]) => [path, file(content)])),
  };
}

/** Puts a release on disk as a restart would find it: exactly its files. */
export function writeRelease(wanted: Release, previous?: Release): void {
  for (const path of previous?.files.keys() ?? [])
    if (!wanted.files.has(path)) rmSync(join(wanted.root, path), { force: true });
  for (const [path, { read }] of wanted.files) {
    mkdirSync(dirname(join(wanted.root, path)), { recursive: true });
    writeFileSync(join(wanted.root, path), read());
  }
  writeFileSync(join(wanted.root, 'haproxy.cfg'), wanted.config.text);
}
