import { Etcd2Error } from './errors.ts';

/**
 * The v2 API's documents, as far as they are read.
 * https://etcd.io/docs/v2.3/api/
 */
export interface EtcdNode {
  readonly key: string;
  readonly dir: boolean;
  readonly value: string | undefined;
  readonly modifiedIndex: number;
}

export interface EtcdEvent {
  readonly action: string;
  readonly node: EtcdNode;
  /** Whether the write replaced an object (and not a directory or nothing). */
  readonly replacedObject: boolean;
}

export interface EtcdFailure {
  /** https://etcd.io/docs/v2.3/errorcode/ */
  readonly errorCode: number;
  readonly message: string;
  readonly index: number | undefined;
}

/** The v2 API's error codes that mean something here. */
export const errorCodes = { keyNotFound: 100, unauthorized: 110, outdated: 401 } as const;

interface RawNode {
  key?: unknown;
  dir?: unknown;
  value?: unknown;
  modifiedIndex?: unknown;
  nodes?: unknown;
}

/** Reads one event; throws `Etcd2Error` (`etcd2-answer`) when it is none. */
export function parseEvent(text: string): EtcdEvent {
  const raw = parseJson(text) as { action?: unknown; node?: RawNode; prevNode?: RawNode } | null;
  const node = raw && readNode(raw.node);
  if (!raw || !node || typeof raw.action !== 'string') throw notUnderstood('an event');
  return { action: raw.action, node, replacedObject: raw.prevNode !== undefined && raw.prevNode.dir !== true };
}

/** Every node below the listed directory that has a value, in the order of the answer. */
export function parseListing(text: string): EtcdNode[] {
  const raw = parseJson(text) as { node?: RawNode } | null;
  if (!raw?.node) throw notUnderstood('a listing');
  const found: EtcdNode[] = [];
  collect(raw.node, found);
  return found;
}

function collect(raw: RawNode, found: EtcdNode[]): void {
  const node = readNode(raw);
  if (node && !node.dir) found.push(node);
  if (Array.isArray(raw.nodes)) for (const child of raw.nodes as RawNode[]) collect(child, found);
}

/** Reads an error answer; undefined when it is none of etcd's. */
export function parseFailure(text: string): EtcdFailure | undefined {
  let raw: { errorCode?: unknown; message?: unknown; index?: unknown } | null;
  try {
    raw = JSON.parse(text) as typeof raw;
  } catch {
    return undefined;
  }
  if (typeof raw?.errorCode !== 'number') return undefined;
  return {
    errorCode: raw.errorCode,
    message: typeof raw.message === 'string' ? raw.message : 'no message',
    index: typeof raw.index === 'number' ? raw.index : undefined,
  };
}

function readNode(raw: RawNode | undefined): EtcdNode | undefined {
  if (typeof raw?.key !== 'string' || typeof raw.modifiedIndex !== 'number') return undefined;
  const value = typeof raw.value === 'string' ? raw.value : undefined;
  return { key: raw.key, dir: raw.dir === true, value, modifiedIndex: raw.modifiedIndex };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would quote the text, which may hold a secret.
    throw notUnderstood('JSON');
  }
}

const notUnderstood = (what: string): Etcd2Error =>
  new Etcd2Error(
    'etcd2-answer',
    `the answer is not ${what} of etcd's v2 API: does the endpoint lead to etcd 2 or 3.4?`,
  );
