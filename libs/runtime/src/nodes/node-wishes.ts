import { randomUUID } from 'node:crypto';
import {
  type FleetName,
  type NodeWish,
  type Sealer,
  type WishKind,
  fleetKeys,
  parseWish,
  wishPurpose,
} from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { redisScript } from '../redis-script.ts';
import source from './drop-wish.lua';

const dropScript = redisScript(source);

/** A wish that nobody obeyed ends by itself after this. */
const wishLastsMs = 60_000;

/** What operators want of a fleet's nodes: one wish of each node, the newest, sealed for the agent that is there. */
export interface NodeWishes {
  ask(agent: Agent, kind: WishKind): Promise<PendingWish>;
  /** The wish that stands there for this agent; undefined when none does. Throws `SealError` when it is of someone without the key, or for another agent. */
  read(agent: Agent): Promise<{ readonly wish: NodeWish; readonly pending: PendingWish } | undefined>;
}

/** One agent: its node's name, and the process (`Instance.id`). */
export interface Agent {
  readonly node: string;
  readonly instance: string;
}

export interface PendingWish {
  /** Whether it still stands there. */
  isThere(): Promise<boolean>;
  /** Takes it away, unless a newer one took its place. */
  drop(): Promise<void>;
}

export function createNodeWishes(options: { redis: Redis; fleet: FleetName; sealer: Sealer }): NodeWishes {
  const { redis, fleet, sealer } = options;
  const keyOf = (node: string): string => `${fleetKeys(fleet).wish}:${node}`;
  const pending = (node: string, sealed: Buffer): PendingWish => ({
    isThere: async () => (await redis.getBuffer(keyOf(node)))?.equals(sealed) ?? false,
    drop: async () => {
      await dropScript.run(redis, [keyOf(node)], [sealed]);
    },
  });
  return {
    async ask({ node, instance }, kind) {
      const wish: NodeWish = { id: randomUUID(), kind };
      const sealed = sealer.seal(JSON.stringify(wish), wishPurpose(node, instance));
      await redis.set(keyOf(node), sealed, 'PX', wishLastsMs);
      return pending(node, sealed);
    },
    async read({ node, instance }) {
      const sealed = await redis.getBuffer(keyOf(node));
      if (!sealed) return undefined;
      const wish = parseWish(sealer.open(sealed, wishPurpose(node, instance)).toString());
      return wish && { wish, pending: pending(node, sealed) };
    },
  };
}
