import type { Redis } from 'ioredis';
import {
  type Digest,
  type Epoch,
  type FleetName,
  type Version,
  digest,
  epoch,
  fleetKeys,
  version,
} from '@flotilla/domain';

/** One entry of the feed: a version, what it came from, and sealed the way to it from there. */
export interface FeedEntry {
  readonly id: string;
  readonly epoch: Epoch;
  readonly version: Version;
  readonly digest: Digest;
  /** The digest of the version before; empty for the first. */
  readonly base: Digest;
  /** Empty when the change was too large for the feed. */
  readonly delta: Buffer;
}

const entriesPerRead = 32;

/** Entries after `cursor`, oldest first; with `blockMs` it waits so long for the first. */
export async function readFeed(redis: Redis, fleet: FleetName, cursor: string, blockMs?: number): Promise<FeedEntry[]> {
  const { feed } = fleetKeys(fleet);
  const reply =
    blockMs === undefined
      ? await redis.xreadBuffer('COUNT', entriesPerRead, 'STREAMS', feed, cursor)
      : await redis.xreadBuffer('COUNT', entriesPerRead, 'BLOCK', blockMs, 'STREAMS', feed, cursor);
  const entries = reply?.[0]?.[1];
  return (entries ?? []).map(([id, fields]) => parseEntry(id.toString(), fields));
}

/** The id of the newest entry, or the one before all ids. */
export async function newestEntry(redis: Redis, fleet: FleetName): Promise<string> {
  const newest = await redis.xrevrangeBuffer(fleetKeys(fleet).feed, '+', '-', 'COUNT', 1);
  return newest[0]?.[0].toString() ?? '0-0';
}

function parseEntry(id: string, fields: readonly Buffer[]): FeedEntry {
  const values = new Map<string, Buffer>();
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [name, value] = [fields[at], fields[at + 1]];
    if (name && value) values.set(name.toString(), value);
  }
  const text = (name: string): string => values.get(name)?.toString() ?? '';
  return {
    id,
    epoch: epoch(text('epoch')),
    version: version(Number(text('version'))),
    digest: digest(text('digest')),
    base: digest(text('base')),
    delta: values.get('delta') ?? Buffer.alloc(0),
  };
}

/** The order of stream ids, `<milliseconds>-<sequence>`. */
export function isBefore(a: string, b: string): boolean {
  const [timeA = 0, sequenceA = 0] = a.split('-').map(Number);
  const [timeB = 0, sequenceB = 0] = b.split('-').map(Number);
  return timeA < timeB || (timeA === timeB && sequenceA < sequenceB);
}
