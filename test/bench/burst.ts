import { createJobHistory } from '@flotilla/queue';
import { loadClient, waitFor } from '@flotilla/testkit';
import { connect } from 'node:net';
import { join } from 'node:path';
import { type BenchFleet, benchPod, inParallel, probed, putPod } from './fleet.ts';

export interface BurstResult {
  readonly changes: number;
  readonly writeMs: number;
  /** From the last write's answer until the node runs the last state, which one more change shows. */
  readonly convergedMs: number;
  readonly renders: number;
  readonly versions: number;
  readonly runtimeUpdates: number;
  readonly reloads: number;
  /** Servers that HAProxy runs and should not, or should and does not. */
  readonly lost: number;
  /** Sent to another service of the same HAProxy meanwhile, on short and on keep-alive connections. */
  readonly requests: number;
  readonly failed: number;
}

const movingPods = 750;

/** 5,000 pod changes as fast as about two seconds allow: addresses move, so each one matters. */
export async function measureBurst(fleet: BenchFleet, changes = 5_000): Promise<BurstResult> {
  const { stack, redis } = fleet;
  const history = createJobHistory({ connection: redis });
  const before = await fleet.meta();
  const jobsBefore = await countEnded(history);
  const acksBefore = await answers(fleet);

  // Every pod moves several times, one write after the other; pods move at the same time.
  const rounds = Math.ceil(changes / movingPods);
  const pods = Array.from({ length: movingPods }, (_, at) => ({ service: 1 + (at % 250), at: Math.floor(at / 250) }));
  const address = (round: number, service: number, at: number): string => `127.${150 + round}.${service}.${at + 1}`;
  const url = `http://127.0.0.1:${stack.nodes[0]?.httpPort ?? 0}/`;
  const headers = { host: `${probed}.example.com` };
  const loads = [true, false].map((keepAlive) => loadClient({ url, headers, keepAlive, connections: 2, pauseMs: 5 }));
  const started = performance.now();
  await inParallel(pods, 24, async ({ service, at }) => {
    for (let round = 0; round < rounds; round++) {
      await putPod(
        stack.store,
        benchPod(`service-${service}-${at}`, `service-${service}`, address(round, service, at)),
      );
    }
  });
  const written = performance.now();
  // The store's changes are read in their order: a node that runs the last one was told of all.
  const statsSocket = join(stack.nodes[0]?.agent.dataDir ?? '', 'run/stats.sock');
  const last = { name: 'service-299-last', app: 'service-299', ip: '127.149.0.1' };
  await putPod(stack.store, benchPod(last.name, last.app, last.ip));
  await waitFor(async () => (await runningServers(statsSocket, last.app)).get(last.name) === last.ip, {
    what: 'the last change to be run',
    everyMs: 10,
  });
  await fleet.settled();
  const converged = performance.now();

  const after = await fleet.meta();
  const acks = (await answers(fleet)).slice(acksBefore.length);
  const running = await runningServers(statsSocket);
  const lost = pods.filter(
    ({ service, at }) => running.get(`service-${service}-${at}`) !== address(rounds - 1, service, at),
  ).length;
  const counts = await Promise.all(loads.map((load) => load.stop()));
  const result = {
    changes: rounds * movingPods,
    writeMs: written - started,
    convergedMs: converged - written,
    renders: (await countEnded(history)) - jobsBefore,
    versions: after.version - before.version,
    runtimeUpdates: acks.filter((kind) => kind === 'runtime').length,
    reloads: acks.filter((kind) => kind === 'reload').length,
    lost,
    requests: counts.reduce((sum, { ok, failed }) => sum + ok + failed, 0),
    failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  };
  await history.close();
  return result;
}

const countEnded = async (history: ReturnType<typeof createJobHistory>): Promise<number> =>
  (await history.jobs({ states: ['completed', 'failed'], count: 100_000 })).length;

async function answers({ redis }: BenchFleet): Promise<string[]> {
  const entries = await redis.xrange('flotilla:{lb}:acks', '-', '+');
  return entries.map(([, fields]) => {
    const answer = JSON.parse(fields[fields.indexOf('answer') + 1] ?? '{}') as { how?: { kind: string }; kind: string };
    return answer.how?.kind ?? answer.kind;
  });
}

/** Server name → address, as HAProxy runs them; of all backends, or of one. */
async function runningServers(socketPath: string, backend = ''): Promise<Map<string, string>> {
  const socket = connect(socketPath);
  socket.end(`show servers state ${backend}\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  const rows = text
    .split('\n')
    .filter((line) => /^\d+ /.test(line))
    .map((line) => line.split(' '));
  return new Map(rows.map((row) => [row[3] ?? '', row[4] ?? '']));
}
