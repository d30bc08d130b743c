import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type BundleFile, layout, placeFile } from '@flotilla/domain';
import { NoInputError } from '../failure.ts';

/**
 * Writes a bundle as a release folder; paths in the rendered text point into it. Files 0600, folders 0700.
 * A former bundle in its place goes, so that no certificate of it is left; a folder with anything else in it is refused.
 */
export async function writeBundle(folder: string, files: readonly BundleFile[]): Promise<void> {
  await clear(folder);
  for (const { path, content } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, placeFile(path, content, folder), { mode: 0o600 });
  }
}

/** Uses a bundle as a folder that is gone afterwards. */
export async function inTemporaryFolder<Result>(
  files: readonly BundleFile[],
  use: (folder: string) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'flotilla-render-'));
  try {
    await writeBundle(folder, files);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const ofBundles = new Set<string>(Object.values(layout));

async function clear(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = await readdir(folder);
  const strange = names.find((name) => !ofBundles.has(name));
  if (strange !== undefined) {
    throw new NoInputError(`${folder} holds other things than a bundle ("${strange}"): name a folder of its own`);
  }
  for (const name of names) await rm(join(folder, name), { recursive: true });
}
