import type { Change, StoredObject } from '../../src/index.ts';

let index = 100;

/** A stored object with an index of its own. */
export const stored = (path: string, value: unknown): StoredObject => ({
  path,
  text: typeof value === 'string' ? value : JSON.stringify(value),
  index: ++index,
});

export const put = (path: string, value: unknown): Change => ({ kind: 'put', ...stored(path, value) });
export const del = (path: string): Change => ({ kind: 'delete', path, index: ++index });

export const podObject = (labels: Record<string, string> | undefined, { ready = true, ip = '10.0.0.1' } = {}) => ({
  metadata: labels && { labels },
  status: { podIP: ip, containerStatuses: [{ ready }] },
});

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
