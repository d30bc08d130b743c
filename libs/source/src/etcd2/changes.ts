import { parseObjectKey } from '@flotilla/domain';
import type { EtcdEvent, EtcdNode } from './wire.ts';

/** What a watch follows: one subtree below the prefix, and the objects in it that are of interest. */
export interface Scope {
  /** Begins with a slash, or is empty. */
  readonly prefix: string;
  readonly subtree: string;
  /** Whether the object at this path is of interest. */
  readonly wants: (path: string) => boolean;
}

/** An object as etcd holds it; `index` is its modifiedIndex. */
export interface EtcdObject {
  readonly path: string;
  readonly text: string;
  readonly index: number;
}

export type EtcdChange =
  ({ readonly kind: 'put' } & EtcdObject) | { readonly kind: 'delete'; readonly path: string; readonly index: number };

/** What an event of etcd does: a change of one object, or the end of all objects below a directory. */
export type StoreChange = EtcdChange | { readonly kind: 'delete-below'; readonly path: string; readonly index: number };

const deleting = new Set(['delete', 'compareAndDelete', 'expire']);
const writing = new Set(['set', 'create', 'update', 'compareAndSwap']);

/**
 * The change an event makes to the objects of a scope; undefined when it makes none: a new directory, an object that
 * is not wanted, a node that stands where no object of Kubernetes stands, an action that is not known.
 */
export function toChange({ action, node, replacedObject }: EtcdEvent, scope: Scope): StoreChange | undefined {
  if (deleting.has(action)) return toDelete(node, scope);
  if (!writing.has(action)) return undefined;
  // A directory in an object's place ends the object.
  if (node.dir) return replacedObject ? toDelete({ ...node, dir: false }, scope) : undefined;
  const object = toObject(node, scope);
  return object && { kind: 'put', ...object };
}

/** The object in a node; undefined when it is none, or not wanted. The value is passed on as it is. */
export function toObject(node: EtcdNode, scope: Scope): EtcdObject | undefined {
  const path = pathOf(node.key, scope);
  if (path === undefined || node.dir || node.value === undefined || !isWanted(path, scope)) return undefined;
  return { path, text: node.value, index: node.modifiedIndex };
}

/**
 * Whether etcd tells a live watcher of this event. Its history is less exact: it also gives nodes with a hidden name,
 * and the deletion of a directory whose name only begins like the subtree's.
 */
export function concerns({ action, node }: EtcdEvent, { prefix, subtree }: Scope): boolean {
  const root = `${prefix}/${subtree}`;
  if (isAtOrBelow(node.key, root)) return !isHidden(node.key.slice(root.length));
  return deleting.has(action) && isAtOrBelow(root, node.key);
}

function toDelete(node: EtcdNode, scope: Scope): StoreChange | undefined {
  const { prefix, subtree } = scope;
  const index = node.modifiedIndex;
  // etcd tells a watcher when a directory above it is deleted, with that directory's key.
  if (node.dir && isAtOrBelow(`${prefix}/${subtree}`, node.key)) return { kind: 'delete-below', path: subtree, index };
  const path = pathOf(node.key, scope);
  if (path === undefined) return undefined;
  if (node.dir) return { kind: 'delete-below', path, index };
  return isWanted(path, scope) ? { kind: 'delete', path, index } : undefined;
}

/** The path below the prefix, when the key lies in the subtree and is not hidden. */
function pathOf(key: string, { prefix, subtree }: Scope): string | undefined {
  const path = key.slice(prefix.length + 1);
  return isAtOrBelow(key, `${prefix}/${subtree}`) && !isHidden(`/${path}`) ? path : undefined;
}

/** Names that begin with an underscore are hidden: listings and streams leave them out. */
const isHidden = (path: string): boolean => path.includes('/_');

const isWanted = (path: string, { wants }: Scope): boolean => parseObjectKey(path) !== undefined && wants(path);

const isAtOrBelow = (key: string, directory: string): boolean =>
  key === directory || directory === '/' || key.startsWith(`${directory}/`);
