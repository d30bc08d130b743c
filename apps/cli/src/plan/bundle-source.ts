import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { digestOf, holdsToken, layout, placeRelease, version } from '@flotilla/domain';
import type { ArtifactReader } from '@flotilla/artifact';
import { type Release, type ReleaseFile, parseConfig } from '@flotilla/haproxy';

/** The folder that both bundles are thought to lie in, as on a node. */
const root = '/var/lib/flotilla/current';

const releaseOf = (files: ReadonlyMap<string, Buffer>): Release => {
  const textOf = (path: string, content: Buffer): string =>
    holdsToken(path) ? placeRelease(content.toString(), root) : content.toString();
  const others = [...files].filter(([path]) => path !== layout.config);
  return {
    root,
    config: parseConfig(textOf(layout.config, files.get(layout.config) ?? Buffer.alloc(0))),
    files: new Map(
      others.map(([path, content]): [string, ReleaseFile] => [
        path,
        { digest: digestOf(content), read: () => textOf(path, content) },
      ]),
    ),
  };
};

/**
 * A bundle by what the operator calls it: a version's number (read from Redis), a release folder, or a haproxy.cfg.
 * Throws when there is none.
 */
export async function readBundle(name: string, artifacts: () => ArtifactReader): Promise<Release> {
  if (/^\d+$/.test(name)) return releaseOf((await artifacts().readArtifact(version(Number(name)))).files);
  if ((await stat(name)).isDirectory()) return releaseOf(await readFolder(name));
  return releaseOf(new Map([[layout.config, await readPlaced(name, dirname(name))]]));
}

async function readFolder(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const read = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = join(below, entry.name);
      if ((await stat(join(folder, path))).isDirectory()) await read(path);
      else files.set(path, await readPlaced(join(folder, path), folder));
    }
  };
  await read('');
  if (!files.has(layout.config)) throw new Error(`${folder} holds no ${layout.config}`);
  return files;
}

/** `flotilla render --out` writes paths into its own folder; two bundles are compared as if they lay in one. */
async function readPlaced(file: string, folder: string): Promise<Buffer> {
  const content = await readFile(file);
  if (basename(dirname(file)) === layout.ssl) return content;
  return Buffer.from(content.toString().replaceAll(`${folder}/`, `${root}/`));
}
