import { type Digest, type Epoch, digestSchema, manifestHeadSchema, readJson } from '@flotilla/domain';
import { z } from 'zod';
import { ArtifactError } from './artifact-error.ts';
import type { Delta, FileChange } from './delta.ts';

/** What the sealed bytes are bound to: a delta opens only between the two artifacts it was made for. */
export const deltaPurpose = (epoch: Epoch, base: Digest, digest: Digest): string => `delta/${epoch}/${base}/${digest}`;

const path = z.string();
const count = z.int().nonnegative();
const changeSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('removed'), path }),
  z.object({ kind: z.literal('content'), path, length: count }),
  z.object({ kind: z.literal('patch'), path, start: count, end: count, length: count }),
]);
type ChangeHeader = z.output<typeof changeSchema>;

const headerSchema = z.object({ base: digestSchema, manifest: manifestHeadSchema, changes: z.array(changeSchema) });

const lengthBytes = 4;

/** Encoded form: 4 bytes length of the header, the header as JSON, then the bytes of every change in its order. */
export function encodeDelta({ base, manifest, changes }: Delta): Buffer {
  const headers = changes.map((change): ChangeHeader => {
    if (change.kind === 'removed') return change;
    const { bytes, ...rest } = change;
    return { ...rest, length: bytes.length };
  });
  const header = Buffer.from(JSON.stringify({ base, manifest, changes: headers }));
  const length = Buffer.alloc(lengthBytes);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, ...changes.flatMap((change) => ('bytes' in change ? [change.bytes] : []))]);
}

/** Reads what `encodeDelta` wrote. Throws `ArtifactError` (`artifact-damaged`) for anything else. */
export function decodeDelta(encoded: Buffer): Delta {
  let at = lengthBytes + (encoded.length < lengthBytes ? 0 : encoded.readUInt32BE(0));
  const read = readJson(headerSchema, encoded.toString('utf8', lengthBytes, at));
  if (!read.ok) throw new ArtifactError('artifact-damaged', `a change in the feed cannot be read: ${read.reason}`);
  const { base, manifest, changes } = read.value;
  return {
    base,
    manifest,
    changes: changes.map((change): FileChange => {
      if (change.kind === 'removed') return change;
      const { length, ...rest } = change;
      const bytes = encoded.subarray(at, at + length);
      at += length;
      return { ...rest, bytes };
    }),
  };
}
