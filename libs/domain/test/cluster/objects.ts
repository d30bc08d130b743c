import { type Change, type SourcePosition, type StoredObject, sourcePosition } from '../../src/index.ts';

/** Positions of a store that counts. */
export const at = (count: number): SourcePosition => sourcePosition(String(count));
export const comesBefore = (a: SourcePosition, b: SourcePosition): boolean => Number(a) < Number(b);

let count = 100;

/** A stored object with a position of its own. */
export const stored = (path: string, value: unknown): StoredObject => ({
  path,
  text: typeof value === 'string' ? value : JSON.stringify(value),
  position: at(++count),
});

export const put = (path: string, value: unknown): Change => ({ kind: 'put', ...stored(path, value) });
export const del = (path: string): Change => ({ kind: 'delete', path, position: at(++count) });

export const podObject = (labels: Record<string, string> | undefined, { ready = true, ip = '10.0.0.1' } = {}) => ({
  metadata: labels && { labels },
  status: { podIP: ip, containerStatuses: [{ ready }] },
});

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
