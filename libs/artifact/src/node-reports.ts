import type { Redis } from 'ioredis';
import { type Answer, type FleetName, type NodeStatus, fleetKeys, parseNodeStatus } from '@flotilla/domain';
import { pause } from '@flotilla/runtime';

const answersKept = 1_000;

/** What the nodes of a fleet say of themselves: a status each, and every answer to a version. */
export interface NodeReports {
  /** Replaces the node's status. */
  heartbeat(status: NodeStatus): Promise<void>;
  /** Adds an ack or nack to the stream; about the newest 1,000 stay. */
  answer(answer: Answer): Promise<void>;
  /** Takes a node off the list that will not come back. */
  forget(node: string): Promise<void>;
  /** Every node's last status, by name; what is none is left out. */
  nodes(): Promise<NodeStatus[]>;
  /** Names under which something stands that is no status of that node. */
  odd(): Promise<string[]>;
  /** The newest answers, newest first. */
  answers(count?: number): Promise<Answer[]>;
  /** Answers from now on, over a connection of its own; outages are waited out. Ends when the signal is aborted. */
  followAnswers(signal: AbortSignal): AsyncGenerator<Answer, void, undefined>;
}

export function createNodeReports({ redis, fleet }: { redis: Redis; fleet: FleetName }): NodeReports {
  const keys = fleetKeys(fleet);
  return {
    async heartbeat(status) {
      await redis.hset(keys.nodes, status.node, JSON.stringify(status));
    },
    async answer(answer) {
      await redis.xadd(keys.acks, 'MAXLEN', '~', answersKept, '*', 'answer', JSON.stringify(answer));
    },
    async forget(node) {
      await redis.hdel(keys.nodes, node);
    },
    async nodes() {
      const statuses = (await redis.hvals(keys.nodes)).flatMap((text) => parseNodeStatus(text) ?? []);
      return statuses.sort((a, b) => (a.node < b.node ? -1 : 1));
    },
    async odd() {
      const reports = Object.entries(await redis.hgetall(keys.nodes));
      return reports.flatMap(([name, text]) => (parseNodeStatus(text)?.node === name ? [] : [name])).sort();
    },
    async answers(count = 100) {
      return (await redis.xrevrange(keys.acks, '+', '-', 'COUNT', count)).flatMap(([, fields]) => answerIn(fields));
    },
    followAnswers: (signal) => followAnswers(redis, keys.acks, signal),
  };
}

const blockMs = 2_000;

async function* followAnswers(redis: Redis, key: string, signal: AbortSignal): AsyncGenerator<Answer, void, undefined> {
  const own = redis.duplicate({ blockingTimeout: blockMs + 1_000, maxRetriesPerRequest: null });
  // Errors of the connection show in the reads below.
  own.on('error', () => undefined);
  const close = (): void => {
    own.disconnect();
  };
  signal.addEventListener('abort', close, { once: true });
  try {
    let cursor = signal.aborted ? undefined : await lastId(own, key);
    while (!signal.aborted && cursor !== undefined) {
      const reply = await own.xread('BLOCK', blockMs, 'STREAMS', key, cursor).catch(() => null);
      if (!reply) {
        await pause(own.status === 'ready' ? 0 : blockMs, signal);
        continue;
      }
      for (const [id, fields] of reply[0]?.[1] ?? []) {
        cursor = id;
        yield* answerIn(fields);
      }
    }
  } finally {
    signal.removeEventListener('abort', close);
    close();
  }
}

/** The place to follow from. "$" would do for one read, but lose what comes between two. */
async function lastId(redis: Redis, key: string): Promise<string> {
  const newest = await redis.xrevrange(key, '+', '-', 'COUNT', 1).catch(() => []);
  return newest[0]?.[0] ?? '0';
}

const answerIn = (fields: readonly string[]): Answer[] => {
  const text = fields[fields.indexOf('answer') + 1];
  return text === undefined ? [] : parse<Answer>(text);
};

/** What an older or newer release wrote and this one cannot read is left out. */
function parse<T>(text: string): T[] {
  try {
    return [JSON.parse(text) as T];
  } catch {
    return [];
  }
}
