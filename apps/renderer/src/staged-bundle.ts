import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { type BundleFile, type FleetName, placeFile, reasonOf, type Digest } from '@flotilla/domain';
import { privateFolder } from '@flotilla/runtime';
import type { Look } from './own-trouble.ts';

/**
 * A fleet's bundle laid out for the check, readable by its owner only. The folder stays from render to render, and
 * only files that changed are written.
 */
export class StagedBundle {
  readonly #written = new Map<string, Digest>();
  #folders = new Set<string>();

  constructor(
    readonly folder: string,
    /** Told when the bundle could not be laid out. */
    readonly onFailed: () => void = () => undefined,
  ) {}

  /** Lays the bundle out, the release token replaced by the folder. After an error the folder is begun anew. */
  async stage(files: readonly BundleFile[]): Promise<void> {
    try {
      await this.#stage(files);
    } catch (error) {
      this.onFailed();
      await this.remove();
      throw error;
    }
  }

  async #stage(files: readonly BundleFile[]): Promise<void> {
    const wanted = new Set(files.map(({ path }) => path));
    for (const path of [...this.#written.keys()]) {
      if (wanted.has(path)) continue;
      await rm(join(this.folder, path), { force: true });
      this.#written.delete(path);
    }
    const changed = files.filter(({ path, digest }) => this.#written.get(path) !== digest);
    for (const path of new Set(changed.map(({ path }) => dirname(join(this.folder, path)))))
      await this.#makeFolder(path);
    for (let at = 0; at < changed.length; at += filesAtOnce) {
      await Promise.all(changed.slice(at, at + filesAtOnce).map((file) => this.#write(file)));
    }
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await mkdir(path, { recursive: true, mode: 0o700 });
    this.#folders.add(path);
  }

  async #write({ path, content, digest }: BundleFile): Promise<void> {
    this.#written.delete(path);
    await writeFile(join(this.folder, path), placeFile(path, content, this.folder), { mode: 0o600 });
    this.#written.set(path, digest);
  }

  async remove(): Promise<void> {
    this.#written.clear();
    this.#folders = new Set();
    await rm(this.folder, { recursive: true, force: true });
  }
}

const filesAtOnce = 64;
const prefix = `check-${hostname()}-`;

/** A disk that has no room for so much is full. A bundle that is larger fails for itself. */
const leastRoomBytes = 1024 * 1024;

export interface StagingArea {
  folderOf(fleet: FleetName): string;
  /** A bundle could not be laid out: the next look tries to write. */
  doubt(): void;
  /** Says why nothing can be written, once that is in doubt. */
  look: Look;
  remove(): void;
}

/**
 * A folder of this process's own in `dataDir`, for all fleets; what a killed process left behind there is removed.
 * Throws what the file system throws when `dataDir` cannot be written.
 */
export function openStagingArea(dataDir: string): StagingArea {
  privateFolder(dataDir);
  for (const name of readdirSync(dataDir)) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length));
    if (pid === process.pid || !isRunning(pid)) rmSync(join(dataDir, name), { recursive: true, force: true });
  }
  const area = mkdtempSync(join(dataDir, `${prefix}${process.pid}-`));
  let isInDoubt = false;
  return {
    folderOf: (fleet) => join(area, fleet),
    doubt: () => {
      isInDoubt = true;
    },
    look: async () => {
      const problem = isInDoubt ? await tryToWrite(area) : undefined;
      isInDoubt = problem !== undefined;
      return problem;
    },
    remove: () => {
      rmSync(area, { recursive: true, force: true });
    },
  };
}

async function tryToWrite(area: string): Promise<string | undefined> {
  // No fleet can be called that.
  const trial = join(area, '.trial');
  try {
    await mkdir(area, { recursive: true, mode: 0o700 });
    await writeFile(trial, Buffer.alloc(leastRoomBytes), { mode: 0o600 });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    await rm(trial, { force: true }).catch(() => undefined);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
