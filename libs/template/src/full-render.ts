import { setImmediate as otherWork } from 'node:timers/promises';
import { type InputField, type BundleFile } from '@flotilla/domain';
import { RenderProcess, type RenderProcessOptions } from './render-process.ts';
import { TemplateError } from './template-error.ts';

/** A result that was made with the help of earlier ones, and everything it depends on. */
export interface IncrementalResult {
  readonly inputs: ReadonlyMap<InputField, string>;
  /** What chance gave depends on it. */
  readonly seed: number;
  readonly files: readonly BundleFile[];
}

/** How a full render of the same inputs differs from an incremental result. */
export type Difference =
  /** `line`: the first that differs; null when only one of the two has the file. `files`: how many differ. */
  | { readonly kind: 'file'; readonly path: string; readonly line: number | null; readonly files: number }
  /** The full render fails. */
  | { readonly kind: 'failed'; readonly error: TemplateError };

/** It gives way to everything else on the machine, so it may take longer than a render that is waited for. */
const patience = 10;

/**
 * Renders the same inputs from nothing, in a process of its own that gives way to others, and compares.
 * Throws `TemplateLimitError`, or the signal's reason: then nothing is known.
 */
export async function compareWithFull(
  { inputs, seed, files }: IncrementalResult,
  { limits, ...options }: RenderProcessOptions,
  signal?: AbortSignal,
): Promise<Difference | undefined> {
  const templates = new RenderProcess({
    ...options,
    limits: { ...limits, timeoutMs: limits.timeoutMs * patience },
    givesWay: true,
  });
  try {
    templates.start();
    for (const piece of piecesOf([...inputs])) {
      templates.update(new Map(piece));
      await otherWork();
      signal?.throwIfAborted();
    }
    return differenceBetween(files, await templates.render(signal, seed));
  } catch (error) {
    // Without a line it may not be the template that failed, but the process.
    if (error instanceof TemplateError && error.place.line !== null) return { kind: 'failed', error };
    throw error;
  } finally {
    await templates.close();
  }
}

/** Handing over all of a large fleet at once would keep this process from its jobs meanwhile. */
const fieldsAtOnce = 128;

const piecesOf = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / fieldsAtOnce) }, (_, at) =>
    items.slice(at * fieldsAtOnce, (at + 1) * fieldsAtOnce),
  );

/** The first file that differs, in the order of the full render's. */
function differenceBetween(files: readonly BundleFile[], full: readonly BundleFile[]): Difference | undefined {
  const given = new Map(files.map(({ path, content }) => [path, content]));
  const wanted = new Map(full.map(({ path, content }) => [path, content]));
  const differing = [...new Set([...wanted.keys(), ...given.keys()])].flatMap((path) => {
    const [a, b] = [given.get(path), wanted.get(path)];
    return a && b?.equals(a) ? [] : [{ path, line: a && b ? firstLine(a, b) : null }];
  });
  const [first] = differing;
  return first && { kind: 'file', ...first, files: differing.length };
}

/** The number of the first line that is not the same in both. */
function firstLine(a: Buffer, b: Buffer): number {
  let line = 1;
  for (let at = 0; at < Math.min(a.length, b.length) && a[at] === b[at]; at++) if (a[at] === newline) line++;
  return line;
}

const newline = 10;
