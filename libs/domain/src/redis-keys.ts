import type { FleetName } from './brands.ts';

/**
 * Every key of Flotilla in Redis. The braces keep one fleet's keys in one slot of a Redis Cluster.
 *
 * - `meta` hash: where inputs and newest version stand (fleet-meta.ts)
 * - `desired` hash: what the nodes should run, and whether it is held there (fleet-desired.ts)
 * - `inputs` hash: input field → value; `log` stream: one entry a revision, id `<revision>-0`
 * - `manifests` hash: version → manifest; `blobs` hash: digest → sealed bytes; `garbage` zset: digest by the last version that used it
 * - `accepted` hash: what HAProxy took last of entries that changed since (write.lua)
 * - `release` hash: field of the inputs that holds something back → its `since`: what an operator no longer wants held
 * - `full` string: the templates that are rendered from nothing each time (full-renders.ts); it ends by itself
 * - `feed` stream: one entry each time the desired version moves; `nodes` hash: node → status; `acks` stream: every ack and nack
 * - `completed`, `failed` list: ids of the fleet's jobs, newest first (renderer)
 * - `ahead` string: the version of a node that has a newer one than Redis, sealed; it ends by itself
 * - `wish:<node>` string: what an operator wants of the node's agent, sealed for it; it ends by itself
 */
export const fleetKeys = (fleet: FleetName) => {
  const at = (name: string): string => `flotilla:{${fleet}}:${name}`;
  return {
    meta: at('meta'),
    desired: at('desired'),
    inputs: at('inputs'),
    log: at('log'),
    manifests: at('manifests'),
    blobs: at('blobs'),
    garbage: at('garbage'),
    accepted: at('accepted'),
    release: at('release'),
    full: at('full'),
    feed: at('feed'),
    nodes: at('nodes'),
    acks: at('acks'),
    ahead: at('ahead'),
    wish: at('wish'),
    completed: at('completed'),
    failed: at('failed'),
  } as const;
};

/** The watchers' election: who leads, and the counter its fencing terms come from. */
export const leaderKeys = { lock: 'flotilla:{watcher}:lock', term: 'flotilla:{watcher}:term' } as const;

/** Hash: instance → what a watcher or renderer says of itself. It ends with the last of them. */
export const appsKey = 'flotilla:{apps}:reports';

/** Written by `flotilla status` to see whether Redis takes writes; it ends by itself. */
export const probeKey = 'flotilla:{apps}:probe';

/** BullMQ's name and prefix; the braces keep the queue in one slot. */
export const renderQueue = { name: 'render', prefix: '{flotilla}' } as const;
