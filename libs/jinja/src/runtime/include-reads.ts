import type { Reads } from '../compiler/reads.ts';
import { TemplateNotFound } from '../errors.ts';
import type { Value } from '../values/index.ts';
import type { Context } from './context.ts';
import type { RenderRuntime } from './render-runtime.ts';
import { MUTATES, UNSEEN } from './standing-still.ts';
import type { RunnableTemplate } from './template.ts';

type Found = (Value | undefined)[];
type Resolve = (name: string) => Value | undefined;

/**
 * What the text of an included template depends on: its source, and what it reads besides the includer's own variables.
 * @param locals variables it sees before the context; null: it sees neither
 * @param own variables whose values the includer computes itself
 */
export function includeReads(
  rt: RenderRuntime,
  context: Context,
  name: string,
  locals: readonly (readonly [string, Value | undefined])[] | null,
  own: readonly string[],
): readonly (Value | undefined)[] {
  if (locals === null) return readsOf(rt, name, (each) => rt.globals.get(each), new Set());
  const values = new Map(locals);
  const resolve: Resolve = (each) => {
    const value = values.get(each);
    return value === undefined ? context.resolve(each) : value;
  };
  return readsOf(rt, name, resolve, new Set(own));
}

function readsOf(rt: RenderRuntime, name: string, resolve: Resolve, own: ReadonlySet<string>): Found {
  const found: Found = [];
  addReads(rt, name, resolve, own, found, 0);
  return found;
}

/** Includes inside of includes, this deep; templates that include themselves end here. */
const maxDepth = 10;

function addReads(
  rt: RenderRuntime,
  name: string,
  resolve: Resolve,
  own: ReadonlySet<string>,
  found: Found,
  depth: number,
): void {
  const reads = depth > maxDepth ? UNSEEN : sourceReads(rt, name);
  found.push(reads);
  if (reads === UNSEEN || reads === MISSING) return;
  const { names, includes, mutates } = reads as Reads;
  if (mutates) found.push(MUTATES);
  for (const each of names) if (!own.has(each)) found.push(resolve(each));
  for (const included of includes) {
    const from: Resolve = included.withContext ? resolve : (each) => rt.globals.get(each);
    addReads(rt, included.name, from, included.withContext ? union(own, included.own) : NOTHING, found, depth + 1);
  }
}

const NOTHING: ReadonlySet<string> = new Set();
const MISSING: object = Object.freeze({ missing: true });

const union = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> => new Set([...a, ...b]);

function sourceReads(rt: RenderRuntime, name: string): object {
  let template: RunnableTemplate;
  try {
    template = rt.template(name);
  } catch (error) {
    // A template with a mistake in it fails when the body includes it.
    return error instanceof TemplateNotFound ? MISSING : UNSEEN;
  }
  return template.reads ?? UNSEEN;
}
