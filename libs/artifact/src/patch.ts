/** Bytes `start` to `end` of the old content give way to `replacement`. */
export interface Patch {
  readonly start: number;
  readonly end: number;
  readonly replacement: Buffer;
}

/** The smallest single patch: what lies between the common beginning and the common end of both. */
export function makePatch(before: Buffer, after: Buffer): Patch {
  const shorter = Math.min(before.length, after.length);
  const start = commonPrefix(before, after, shorter);
  const tail = commonSuffix(before, after, shorter - start);
  return { start, end: before.length - tail, replacement: after.subarray(start, after.length - tail) };
}

/** Throws `RangeError` when the patch does not fit the content. */
export function applyPatch(before: Buffer, { start, end, replacement }: Patch): Buffer {
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || start > end || end > before.length) {
    throw new RangeError(`a patch of bytes ${start} to ${end} does not fit ${before.length} bytes`);
  }
  return Buffer.concat([before.subarray(0, start), replacement, before.subarray(end)]);
}

/** Whole windows are compared natively; only the one that differs is looked at byte by byte. */
const windowBytes = 16_384;

function commonPrefix(a: Buffer, b: Buffer, limit: number): number {
  let at = 0;
  while (at + windowBytes <= limit && a.compare(b, at, at + windowBytes, at, at + windowBytes) === 0) at += windowBytes;
  while (at < limit && a[at] === b[at]) at++;
  return at;
}

function commonSuffix(a: Buffer, b: Buffer, limit: number): number {
  let count = 0;
  while (count + windowBytes <= limit) {
    const [endA, endB] = [a.length - count, b.length - count];
    if (a.compare(b, endB - windowBytes, endB, endA - windowBytes, endA) !== 0) break;
    count += windowBytes;
  }
  while (count < limit && a[a.length - count - 1] === b[b.length - count - 1]) count++;
  return count;
}
