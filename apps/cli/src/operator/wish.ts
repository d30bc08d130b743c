import { createArtifactReader } from '@flotilla/artifact';
import {
  type FleetName,
  type ReceivedStatus,
  type Sealer,
  type WishKind,
  isOlder,
  silentAfterMs,
} from '@flotilla/domain';
import { pause, redisTime, createNodeReports, createNodeWishes } from '@flotilla/runtime';
import type { Redis } from 'ioredis';
import { NoInputError } from '../failure.ts';
import { type Outcome, exitCodes } from '../outcome.ts';
import { ago } from '../table.ts';
import { placeOf, probeWrites } from './surroundings.ts';

export interface WishRequest {
  readonly fleet: FleetName;
  readonly node: string;
  readonly kind: WishKind;
  readonly sealer: Sealer;
  /** How long the agent may take to take the wish; an agent looks every two seconds. */
  readonly waitMs?: number;
}

const lookEveryMs = 100;

/** `flotilla retry` and `flotilla reload`: asks a node's agent, and waits until it has taken the wish. */
export async function wishCommand(redis: Redis, request: WishRequest): Promise<Outcome> {
  const { fleet, node, kind, sealer, waitMs = 15_000 } = request;
  const status = await reportOf(redis, request);
  if (kind === 'retry' && !status.parked && !status.problem && !status.behind)
    throw new NoInputError(`node ${node} runs what it should, and nothing waits there: there is nothing to try again`);
  if (kind === 'older' && !(await isAhead(redis, request, status)))
    throw new NoInputError(`what Redis offers is not older than what node ${node} has: there is nothing older to take`);
  const agent = { node, instance: status.instance.id };
  const wish = await createNodeWishes({ redis, fleet, sealer }).ask(agent, kind);
  const end = performance.now() + waitMs;
  let isTaken = false;
  while (!isTaken && performance.now() < end) {
    await pause(lookEveryMs);
    isTaken = !(await wish.isThere());
  }
  // What was not taken now must not happen at a time when nobody thinks of it.
  if (!isTaken) await wish.drop();
  return {
    code: isTaken ? exitCodes.ok : exitCodes.no,
    lines: [isTaken ? done(kind, status) : notTaken(agent.instance, status)],
    json: { fleet, node, kind, taken: isTaken },
  };
}

/** Redis was set back, and offers something older than what the node has. */
async function isAhead(redis: Redis, { fleet, sealer }: WishRequest, status: ReceivedStatus): Promise<boolean> {
  const { version: offered } = await createArtifactReader({ redis, fleet, sealer }).desired();
  const had = [status.desired, status.applied, status.parked?.artifact];
  return had.some((one) => offered && one && isOlder(offered, one));
}

async function reportOf(redis: Redis, { fleet, node }: WishRequest): Promise<ReceivedStatus> {
  const [nodes, now] = await Promise.all([createNodeReports({ redis, fleet }).nodes(), redisTime(redis)]);
  const status = nodes.find((one) => one.node === node);
  const known = nodes.map((one) => one.node).join(', ') || 'none';
  if (!status) throw new NoInputError(`fleet ${fleet} has no node "${node}"; it has: ${known}`);
  if (now - status.seenAt <= silentAfterMs) return status;
  // Where Redis takes no writes, no node can report.
  await probeWrites(redis);
  throw new NoInputError(`node ${node} was heard of last ${ago(status.seenAt, now)}: its agent does not run`);
}

function done(kind: WishKind, { node, parked }: ReceivedStatus): string {
  switch (kind) {
    case 'reload':
      return `node ${node} reloads HAProxy`;
    case 'older':
      return `node ${node} takes what Redis offers; status says what becomes of it`;
    case 'retry':
      return `node ${node} tries ${parked ? `version ${parked.artifact.version}` : 'what it waited with'} again; status says what becomes of it`;
  }
}

const notTaken = (instance: string, { node }: ReceivedStatus): string =>
  `node ${node} (${placeOf(instance)}) did not take it, and it is taken back: is FLOTILLA_KEY the agent's? Its log says why`;
