import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { digestOf, holdsToken, layout, placeFile, reasonOf, version } from '@flotilla/domain';
import type { ArtifactReader } from '@flotilla/artifact';
import { type Release, type ReleaseFile, parseConfig } from '@flotilla/haproxy';
import { NoInputError } from '../failure.ts';
import { nodeFolder } from './placed.ts';

/** A version's number; a folder of that name is meant by `./41`. */
export const isVersion = (name: string): boolean => /^\d+$/.test(name);

/**
 * A bundle by what the operator calls it: a version's number (read from Redis), a release folder, or a haproxy.cfg.
 * Throws `NoInputError` when there is none, and what the artifact reader throws.
 */
export async function readBundle(name: string, artifacts: () => Promise<ArtifactReader>): Promise<Release> {
  if (isVersion(name)) return releaseOf((await (await artifacts()).readArtifact(version(Number(name)))).files);
  const path = resolve(name);
  try {
    if ((await stat(path)).isDirectory()) return releaseOf(placed(await readFolder(path), path));
    return releaseOf(placed(new Map([[layout.config, await readFile(path)]]), dirname(path)));
  } catch (error) {
    if (error instanceof NoInputError) throw error;
    throw new NoInputError(`${name} cannot be read: ${reasonOf(error)}`, error);
  }
}

function releaseOf(files: ReadonlyMap<string, Buffer>): Release {
  const textOf = (path: string, content: Buffer): string => placeFile(path, content, nodeFolder).toString();
  const others = [...files].filter(([path]) => path !== layout.config);
  return {
    root: nodeFolder,
    config: parseConfig(textOf(layout.config, files.get(layout.config) ?? Buffer.alloc(0))),
    files: new Map(
      others.map(([path, content]): [string, ReleaseFile] => [
        path,
        { digest: digestOf(content), read: () => textOf(path, content) },
      ]),
    ),
  };
}

const ofBundles = new Set<string>(Object.values(layout));

/** A bundle's own files; what an agent adds to a release folder (its own configuration, a manifest) is no part of it. */
async function readFolder(folder: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const read = async (below: string): Promise<void> => {
    for (const name of await readdir(join(folder, below))) {
      const path = join(below, name);
      if (below === '' && !ofBundles.has(name)) continue;
      if ((await stat(join(folder, path))).isDirectory()) await read(path);
      else files.set(path, await readFile(join(folder, path)));
    }
  };
  await read('');
  if (!files.has(layout.config)) throw new NoInputError(`${folder} holds no ${layout.config}`);
  return files;
}

/**
 * Two bundles are compared as if they lay in one folder. `flotilla render --out` writes paths into its own folder; a
 * release of an agent points to `current` beside the folder of releases.
 */
function placed(files: ReadonlyMap<string, Buffer>, folder: string): Map<string, Buffer> {
  const current = basename(dirname(folder)) === 'releases' ? join(dirname(dirname(folder)), 'current') : folder;
  const replace = (content: Buffer): Buffer =>
    Buffer.from(
      [folder, current].reduce((text, place) => text.replaceAll(`${place}/`, `${nodeFolder}/`), content.toString()),
    );
  return new Map([...files].map(([path, content]) => [path, holdsToken(path) ? replace(content) : content]));
}
