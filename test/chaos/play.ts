import { withDeadline } from '@flotilla/runtime';
import { mend } from './cluster-operations.ts';
import { readContent, objectsOf } from './content.ts';
import { type Finding, LeakWatch, untilSetAside, untilWell, wrongRenders } from './oracle.ts';
import { type Operation, sleep } from './operation.ts';
import { heal } from './process-operations.ts';
import { Random } from './random.ts';
import { type Scenario, kinds } from './scenario.ts';
import { Traffic } from './traffic.ts';
import { type World, fleets, keepCopy, startWorld } from './world.ts';

export interface Played {
  /** Empty when all went well. */
  readonly findings: Finding[];
  /** How many rounds were played, the last one with the findings included. */
  readonly rounds: number;
  readonly operations: Record<string, number>;
  readonly requests: number;
}

export interface PlayOptions {
  readonly say: (line: string) => void;
  /** No further round is begun when it says so. */
  readonly isOver?: () => boolean;
}

/** The longest operation freezes something for some seconds. */
const operationMs = 120_000;

/** Plays a scenario on a world of its own, up to the first round that finds something. */
export async function play(scenario: Scenario, { say, isOver = () => false }: PlayOptions): Promise<Played> {
  const world = await startWorld();
  const traffic = new Traffic(world);
  const operations: Record<string, number> = {};
  const leakWatch = new LeakWatch();
  let rounds = 0;
  let findings: Finding[] = [];
  try {
    findings = await untilWell(world);
    if (findings.length > 0) return { findings, rounds, operations, requests: 0 };
    traffic.settled();
    traffic.start();
    for (const round of scenario) {
      if (isOver()) break;
      rounds++;
      findings = await playRound(world, traffic, round, (kind, did) => {
        operations[kind] = (operations[kind] ?? 0) + 1;
        say(`  ${kind}: ${did}`);
      });
      findings.push(...wrongRenders(world));
      findings.push(...traffic.findings.splice(0).map((text) => ({ kind: 'traffic', text }) as const));
      if (findings.length === 0) findings = leakWatch.look(world);
      if (findings.length > 0) break;
    }
    return { findings, rounds, operations, requests: traffic.requests };
  } finally {
    await traffic.stop();
    if (findings.length > 0) lastWords(world, say);
    await world.stop();
  }
}

async function playRound(
  world: World,
  traffic: Traffic,
  round: readonly Operation[],
  did: (kind: string, what: string) => void,
): Promise<Finding[]> {
  for (const { kind, seed, pauseMs } of round) {
    try {
      const acting = Promise.resolve(kinds[kind]?.act({ world, traffic, random: new Random(seed) }));
      const what = await withDeadline(acting, operationMs, kind);
      if (what !== undefined) did(kind, what);
    } catch (error) {
      return [{ kind: 'operation', text: `${kind}: ${error instanceof Error ? error.stack : String(error)}` }];
    }
    await sleep(pauseMs);
  }
  await withDeadline(heal(world), operationMs, 'starting what is down');
  await withDeadline(fillStore(world), operationMs, 'filling the store');
  const aside = await untilSetAside(world);
  if (aside.length > 0) return aside;
  await withDeadline(mend(world), operationMs, 'mending the entries');
  const found = await untilWell(world);
  const down = traffic.down();
  if (found.length > 0) return found;
  world.cluster.settled();
  traffic.settled();
  for (const server of [world.servers.redis, world.servers.etcd]) await keepCopy(server, world.cluster.content);
  return [...new Set(down)].map((name) => ({ kind: 'traffic', text: `${name} has not answered since its fault` }));
}

/** An operator writes what an emptied or older store lacks. */
async function fillStore({ cluster, store }: World): Promise<void> {
  const held = objectsOf(await readContent(store, fleets));
  const wanted = objectsOf(cluster.content);
  if (JSON.stringify([...held].sort()) !== JSON.stringify([...wanted].sort()))
    await cluster.refill(new Random(held.size));
}

/** The last warnings of every program, to begin with. */
function lastWords(world: World, say: (line: string) => void): void {
  for (const { name, app } of world.parts()) {
    const lines = app.log.filter(
      ({ level, raw }) => raw === true || Number(level) >= 40 || level === 'warn' || level === 'error',
    );
    for (const line of lines.slice(-6)) say(`  ${name}: ${JSON.stringify(line).slice(0, 400)}`);
  }
}
