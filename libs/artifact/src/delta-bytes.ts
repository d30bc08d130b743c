import type { Digest, Epoch } from '@flotilla/domain';
import type { Delta, FileChange } from './delta.ts';

/** What the sealed bytes are bound to: a delta opens only between the two artifacts it was made for. */
export const deltaPurpose = (epoch: Epoch, base: Digest, digest: Digest): string => `delta/${epoch}/${base}/${digest}`;

type ChangeHeader = { path: string } & (
  | { kind: 'removed' }
  | { kind: 'content'; length: number }
  | { kind: 'patch'; start: number; end: number; length: number }
);

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

/** Reads what `encodeDelta` wrote. The bytes were sealed, so their form is trusted once they opened. */
export function decodeDelta(encoded: Buffer): Delta {
  let at = lengthBytes + encoded.readUInt32BE(0);
  const header = JSON.parse(encoded.toString('utf8', lengthBytes, at)) as {
    base: Digest;
    manifest: Delta['manifest'];
    changes: ChangeHeader[];
  };
  const changes = header.changes.map((change): FileChange => {
    if (change.kind === 'removed') return change;
    const { length, ...rest } = change;
    const bytes = encoded.subarray(at, at + length);
    at += length;
    return { ...rest, bytes };
  });
  return { base: header.base, manifest: header.manifest, changes };
}
