import type { Redis } from 'ioredis';
import {
  type Answer,
  type FleetName,
  type Instance,
  type NodeStatus,
  type ReceivedStatus,
  fleetKeys,
  parseAnswer,
  parseNodeStatus,
} from '@flotilla/domain';
import { pause } from '../deadline.ts';
import { leaveReplica } from '../redis.ts';
import { writeReport } from '../reports.ts';

const answersKept = 1_000;

/** What the nodes of a fleet say of themselves: a status each, and every answer to a version. */
export interface NodeReports {
  /** Replaces the node's status. Gives back the process that reported under its name before, and what the clock says. */
  heartbeat(
    status: NodeStatus,
  ): Promise<{ readonly before: Instance | undefined; readonly clockMs: number | undefined }>;
  /** Adds an ack or nack to the stream; about the newest 1,000 stay. */
  answer(answer: Answer): Promise<void>;
  /** Takes a node off the list that will not come back. */
  forget(node: string): Promise<void>;
  /** What the nodes said last, sorted by name. */
  read(): Promise<NodeReport>;
  /** Every node's last status, by name; what is none is left out. */
  nodes(): Promise<ReceivedStatus[]>;
  /** The newest answers, newest first. */
  answers(count?: number): Promise<Answer[]>;
  /** Answers from now on, over a connection of its own; outages are waited out. Ends when the signal is aborted. */
  followAnswers(signal: AbortSignal): AsyncGenerator<Answer, void, undefined>;
}

export interface NodeReport {
  readonly nodes: readonly ReceivedStatus[];
  /** Names under which something stands that is no status of that node. */
  readonly odd: readonly string[];
}

export function createNodeReports(options: {
  redis: Redis;
  fleet: FleetName;
  /** Told the place in the stream of what is no answer; it is left out. */
  onOddAnswer?: (place: string) => void;
}): NodeReports {
  const { redis, fleet, onOddAnswer } = options;
  const keys = fleetKeys(fleet);
  const read = async (): Promise<NodeReport> => {
    const nodes: ReceivedStatus[] = [];
    const odd: string[] = [];
    const stored = Object.entries(await redis.hgetall(keys.nodes)).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [name, text] of stored) {
      const status = parseNodeStatus(text);
      if (status?.node === name) nodes.push(status);
      else odd.push(name);
    }
    return { nodes, odd };
  };
  const answerIn = (id: string, fields: readonly string[]): Answer[] => {
    const answer = parseAnswer(fields[fields.indexOf('answer') + 1] ?? '');
    if (!answer) onOddAnswer?.(`${keys.acks} ${id}`);
    return answer ? [answer] : [];
  };
  return {
    async heartbeat(status) {
      const { before, clockMs } = await writeReport(redis, keys.nodes, { name: status.node, report: status });
      return { before: parseNodeStatus(before)?.instance, clockMs };
    },
    async answer(answer) {
      await redis.xadd(keys.acks, 'MAXLEN', '~', answersKept, '*', 'answer', JSON.stringify(answer));
    },
    async forget(node) {
      await redis.hdel(keys.nodes, node);
    },
    read,
    nodes: async () => [...(await read()).nodes],
    async answers(count = 100) {
      return (await redis.xrevrange(keys.acks, '+', '-', 'COUNT', count)).flatMap((entry) => answerIn(...entry));
    },
    async *followAnswers(signal) {
      for await (const entry of followStream(redis, keys.acks, signal)) yield* answerIn(...entry);
    },
  };
}

const blockMs = 2_000;
const retryMs = 500;

async function* followStream(redis: Redis, key: string, signal: AbortSignal): AsyncGenerator<[string, string[]]> {
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
      try {
        const reply = await own.xread('BLOCK', blockMs, 'STREAMS', key, cursor);
        if (!reply) await leaveReplica(own);
        for (const entry of reply?.[0]?.[1] ?? []) {
          [cursor] = entry;
          yield entry;
        }
      } catch {
        await pause(retryMs, signal);
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
