import type { FleetName } from './brands.ts';

/**
 * Every key of Flotilla in Redis. The braces keep one fleet's keys in one slot of a Redis Cluster.
 *
 * - `meta` hash: epoch, term, revision, index, updatedAt (watcher); refusedEpoch, refusedRevision, version, digest, artifactRevision, checkedVersion (renderer)
 * - `inputs` hash: input field → value; `log` stream: one entry a revision, id `<revision>-0`
 * - `manifests` hash: version → manifest; `blobs` hash: digest → sealed bytes; `garbage` zset: digest by the last version that used it
 * - `accepted` hash: what HAProxy took last of entries that changed since (write.lua)
 * - `release` hash: field of the inputs that holds something back → its `since`: what an operator no longer wants held
 * - `feed` stream: one entry a version; `nodes` hash: node → status; `acks` stream: every ack and nack
 */
export const fleetKeys = (fleet: FleetName) => {
  const at = (name: string): string => `flotilla:{${fleet}}:${name}`;
  return {
    meta: at('meta'),
    inputs: at('inputs'),
    log: at('log'),
    manifests: at('manifests'),
    blobs: at('blobs'),
    garbage: at('garbage'),
    accepted: at('accepted'),
    release: at('release'),
    feed: at('feed'),
    nodes: at('nodes'),
    acks: at('acks'),
  } as const;
};

/** The watchers' election: who leads, and the counter its fencing terms come from. */
export const leaderKeys = { lock: 'flotilla:{watcher}:lock', term: 'flotilla:{watcher}:term' } as const;

/** BullMQ's name and prefix; the braces keep the queue in one slot. */
export const renderQueue = { name: 'render', prefix: '{flotilla}' } as const;
