import type { ArtifactReader } from '@flotilla/artifact';
import { type ArtifactIdentity, type FleetName, type Problem, formatProblem } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { type Outcome, exitCodes } from '../outcome.ts';
import { ago, columns, count, span, wrap } from '../table.ts';
import { readFleets } from './fleets.ts';
import { type FailedJob, type FleetStanding, type NodeStanding, type Published, readStanding } from './standing.ts';
import { type AppStanding, type Surroundings, commonTrouble, placeOf, readSurroundings } from './surroundings.ts';
import { isEverywhere, missing } from './well.ts';

export interface StatusOptions {
  readonly artifactsOf: (fleet: FleetName) => ArtifactReader;
  /** Columns of the terminal. */
  readonly width?: number;
}

/** `flotilla status`: whether all is well with a fleet, and where everything that it takes stands. */
export async function statusCommand(
  redis: Redis,
  fleet: FleetName,
  { artifactsOf, width = Infinity }: StatusOptions,
): Promise<Outcome> {
  const surroundings = await readSurroundings(redis);
  const { now } = surroundings;
  const standing = await readStanding(redis, { fleet, artifacts: artifactsOf(fleet), now });
  const waitsFor = [...commonTrouble(surroundings), ...missing(standing, surroundings)];
  const isWell = waitsFor.length === 0;
  return {
    code: isWell ? exitCodes.ok : exitCodes.no,
    lines: [
      ...columns(['fleet', fleet], [...common(surroundings, fleet), ...overview(standing, now)], { width }),
      '',
      ...(standing.nodes.length > 0 ? nodeTable(standing, now, width) : ['no node has reported yet']),
      '',
      ...(isWell ? ['all is well: every node runs the newest version'] : notWell(waitsFor, width)),
    ],
    json: { ok: isWell, missing: waitsFor, isEverywhere: isEverywhere(standing), ...surroundings, ...standing },
  };
}

/** `flotilla status --all`: a line for each fleet that Redis knows of. */
export async function statusOfAll(redis: Redis, { artifactsOf, width = Infinity }: StatusOptions): Promise<Outcome> {
  const surroundings = await readSurroundings(redis);
  const shared = commonTrouble(surroundings);
  const fleets: (FleetStanding & { ok: boolean; missing: string[]; isEverywhere: boolean })[] = [];
  for (const fleet of await readFleets(redis, surroundings)) {
    const artifacts = artifactsOf(fleet);
    const standing = await readStanding(redis, { fleet, artifacts, now: surroundings.now });
    const waitsFor = missing(standing, surroundings);
    fleets.push({ ...standing, ok: waitsFor.length === 0, missing: waitsFor, isEverywhere: isEverywhere(standing) });
  }
  const isWell = shared.length === 0 && fleets.every(({ ok }) => ok);
  const rows = fleets.map(({ fleet, ok, artifact, nodes, missing: waitsFor }) => [
    fleet,
    ok ? 'well' : 'NOT well',
    artifact === null ? '-' : String(artifact.version),
    `${nodes.filter(({ state }) => state === 'current').length} of ${nodes.length}`,
    waitsFor.join('\n'),
  ]);
  return {
    code: isWell ? exitCodes.ok : exitCodes.no,
    lines: [
      ...columns(['fleets', String(fleets.length)], common(surroundings), { width }),
      '',
      ...(rows.length > 0
        ? columns(['FLEET', 'STATE', 'VERSION', 'CURRENT', 'WHY'], rows, { width, optional: ['VERSION'] })
        : ['there is no fleet yet']),
      '',
      ...(isWell
        ? ['all is well']
        : notWell([...shared, ...(fleets.every(({ ok }) => ok) ? [] : ['a fleet is not'])], width)),
    ],
    json: { ok: isWell, missing: shared, ...surroundings, fleets },
  };
}

const notWell = (waitsFor: readonly string[], width: number): string[] => [
  'NOT well:',
  ...waitsFor.flatMap((text) =>
    text
      .split('\n')
      .flatMap((line) => wrap(line, width - 4))
      .map((line, at) => `${at === 0 ? '  - ' : '    '}${line}`),
  ),
];

function common({ apps, leader, writesRefused, queue, now }: Surroundings, fleet?: FleetName): string[][] {
  const tell = ({ instance, role, trouble, fleetTrouble }: AppStanding): string =>
    [
      `${placeOf(instance.id)} ${role}, ${instance.version}, started ${ago(instance.since, now)}`,
      ...[...trouble, ...(fleet && fleetTrouble[fleet] ? [fleetTrouble[fleet]] : [])].map((why) => `  TROUBLE: ${why}`),
    ].join('\n');
  const of = (app: AppStanding['app'], none: string): string[][] => {
    const found = apps.filter((each) => each.app === app);
    return found.length === 0 ? [[app, none]] : found.map((each, at) => [at === 0 ? app : '', tell(each)]);
  };
  // One that leads and does not report is of another release, or just gone.
  const none = leader === null ? 'none leads' : `${placeOf(leader)} leads, and does not report`;
  return [
    ...of('watcher', none),
    ...of('renderer', writesRefused === null ? 'none is there' : 'cannot report'),
    ...(writesRefused === null ? [] : [['redis', `takes no writes: ${writesRefused}`]]),
    ...(queue?.isPaused === true ? [['queue', `PAUSED, with ${count(queue.waiting, 'job')} waiting`]] : []),
  ];
}

function overview(standing: FleetStanding, now: number): string[][] {
  const { inputs, artifact, waits, rendered, failed, problems, hold } = standing;
  return [
    [
      'inputs',
      inputs === null
        ? 'none yet'
        : `revision ${inputs.revision}, ${ago(inputs.updatedAt, now)} (position ${inputs.position} of the source)`,
    ],
    ['artifact', artifact === null ? 'none yet' : tellArtifact(artifact, now)],
    ...(waits === null ? [] : [['newest', waits.newest === null ? 'none' : `version ${waits.newest}, which waits`]]),
    ...(inputs === null || rendered ? [] : [['renders', failed ? tellFailure(failed, now) : 'under way or waiting']]),
    ...(hold === null ? [] : [['held', `since ${ago(hold.since, now)}`]]),
    ...problems.map((problem, at) => [at === 0 ? 'set aside' : '', tellProblem(problem, now)]),
  ];
}

function tellProblem(problem: Problem, now: number): string {
  const { serves, until } = problem;
  const left = until === undefined ? '' : `, for another ${span(Date.parse(until) - now)}`;
  const instead =
    serves === 'last-good'
      ? `; its last good value serves${left}`
      : serves === 'nothing'
        ? '; nothing serves in its place'
        : '';
  return `${formatProblem(problem)}${instead}`;
}

const tellArtifact = ({ version, digest, revision, createdAt, checked }: Published, now: number): string =>
  [
    `version ${version} (${digest.slice(0, 12)})${revision === null ? '' : ` of revision ${revision}`}`,
    ...(createdAt === null ? [] : [ago(createdAt, now)]),
    ...(checked ? [] : ['HAProxy is still to check it']),
  ].join(', ');

function tellFailure({ job, finishedAt, since, reason }: FailedJob, now: number): string {
  const first = since !== undefined && since !== finishedAt ? `, failing since ${span(now - since)}` : '';
  return `job ${job} FAILED ${ago(finishedAt, now)}${first}: ${reason}`;
}

const head = ['NODE', 'STATE', 'DESIRED', 'APPLIED', 'LAST GOOD', 'HAPROXY', 'OLD WORKERS', 'SEEN', 'WHY'];
const optional = ['OLD WORKERS', 'HAPROXY', 'LAST GOOD', 'SEEN', 'DESIRED'];

function nodeTable({ nodes, artifact }: FleetStanding, now: number, width: number): string[] {
  const epoch = artifact?.epoch;
  // A number of another life of the data says nothing beside those of this one.
  const number = (identity: ArtifactIdentity | null): string =>
    identity === null ? '-' : identity.epoch === epoch ? String(identity.version) : `(${identity.version})`;
  return columns(
    head,
    nodes.map((node) => [
      node.node,
      node.state,
      number(node.desired),
      number(node.applied),
      number(node.lastGood),
      node.haproxy.version ?? '-',
      String(node.haproxy.oldWorkers),
      ago(node.seenAt, now),
      whyOf(node, { artifact, number, now }),
    ]),
    { width, optional },
  );
}

interface NodeContext {
  readonly artifact: Published | null;
  readonly number: (identity: ArtifactIdentity) => string;
  readonly now: number;
}

function whyOf(node: NodeStanding, { artifact, number, now }: NodeContext): string {
  const { state, parked, problem, behind, rival, instance } = node;
  const lines = [
    parked ? `version ${number(parked.artifact)} is parked: ${parked.reason}` : '',
    problem ?? '',
    rival ? `another agent reports under this name: ${placeOf(instance.id)} and ${placeOf(rival.id)}` : '',
    behind ? `behind since ${ago(behind.since, now)}${behind.why === null ? '' : `: ${behind.why}`}` : '',
  ].filter((text) => text !== '');
  if (state === 'behind' && !behind && artifact) {
    const since = artifact.createdAt === null ? '' : `, which is there since ${ago(artifact.createdAt, now)}`;
    lines.push(`it has not heard of version ${artifact.version}${since}`);
  }
  return lines.join('\n');
}
