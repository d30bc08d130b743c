import { readFile, readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { type Source, type SourceEvent, type SourceStatus, type StoredObject, reasonOf } from '@flotilla/domain';
import { ManifestError } from './errors.ts';
import { type ManifestObject, nowhere, parseManifest } from './manifest.ts';

const extensions = new Set(['.yaml', '.yml', '.json']);

/** Template tests (`flotilla test`) may lie beside the manifests; they are none. */
const isTemplateTest = (name: string): boolean => /\.test\.ya?ml$/.test(name);

/**
 * Reads the manifests in a folder, or one file, in the order of their names. As `kubectl apply -f` does it looks for
 * `.yaml`, `.yml` and `.json` and not into folders below. Throws `ManifestError`, which names file and document.
 */
export async function readManifests(path: string): Promise<StoredObject[]> {
  const objects: ManifestObject[] = [];
  for (const file of await filesAt(path)) {
    objects.push(...parseManifest(basename(file), await readText(file)));
  }
  const first = new Map<string, string>();
  for (const { path: key, where } of objects) {
    const before = first.get(key);
    if (before !== undefined) throw new ManifestError(where, `${key} stands in ${before} already`);
    first.set(key, where);
  }
  return objects.map(({ path: key, text, position }) => ({ path: key, text, position }));
}

/** A source of manifests that yields one state and ends; `follow` throws `ManifestError` when they cannot be read. */
export function createFilesSource(options: {
  /** A folder or a file. */
  readonly path: string;
  /** Whether the object at `<resource>/<namespace>/<name>` is of interest. */
  readonly wants?: (path: string) => boolean;
}): Source {
  const wants = options.wants ?? (() => true);
  let status: SourceStatus = { synced: false, problem: undefined, position: nowhere, resyncs: 0 };
  return {
    comesBefore: () => false,
    get status() {
      return status;
    },
    async *follow(signal): AsyncGenerator<SourceEvent, void, undefined> {
      try {
        const objects = (await readManifests(options.path)).filter(({ path }) => wants(path));
        status = { ...status, synced: true, problem: undefined };
        if (!signal.aborted) yield { kind: 'state', objects, position: nowhere };
      } catch (error) {
        status = { ...status, synced: false, problem: reasonOf(error) };
        throw error;
      }
    },
  };
}

async function filesAt(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).isFile()) return [path];
    const names = (await readdir(path)).filter(
      (name) => extensions.has(extname(name)) && !name.startsWith('.') && !isTemplateTest(name),
    );
    if (names.length > 0) return names.toSorted().map((name) => join(path, name));
  } catch (error) {
    throw new ManifestError(path, `cannot be read: ${reasonOf(error)}`, error);
  }
  throw new ManifestError(path, 'holds no manifest: name them .yaml, .yml or .json');
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new ManifestError(file, `cannot be read: ${reasonOf(error)}`, error);
  }
}
