import type { ArtifactReader } from '@flotilla/artifact';
import { type ArtifactIdentity, type FleetName, type NodeStatus } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { type Outcome, exitCodes } from '../outcome.ts';
import { ago, columns } from '../table.ts';
import { type FleetStanding, type NodeStanding, type Published, readStanding } from './standing.ts';

/** `flotilla status`: where watcher, inputs, artifact and every node stand. */
export async function statusCommand(
  redis: Redis,
  fleet: FleetName,
  artifacts: ArtifactReader,
  now = Date.now(),
): Promise<Outcome> {
  const standing = await readStanding(redis, { fleet, artifacts, now });
  const waitsFor = missing(standing);
  return {
    code: waitsFor.length === 0 ? exitCodes.ok : exitCodes.no,
    lines: [
      ...columns(['fleet', fleet], overview(standing, now)),
      '',
      ...(standing.nodes.length > 0 ? nodeTable(standing, now) : ['no node has reported yet']),
      '',
      waitsFor.length === 0 ? 'all nodes run the newest version' : `NOT there yet: ${waitsFor.join('; ')}`,
    ],
    json: { ...standing, ok: waitsFor.length === 0, missing: waitsFor },
  };
}

/** What keeps the fleet from being where it should be; empty when it is there. */
export function missing({ watcher, inputs, rendered, artifact, nodes, hold, oddReports }: FleetStanding): string[] {
  const names = (state: NodeStanding['state']): string =>
    nodes.flatMap((node) => (node.state === state ? [node.node] : [])).join(', ');
  return [
    watcher === null ? 'no watcher leads: changes are not followed' : '',
    inputs === null ? 'no watcher wrote inputs of this fleet' : '',
    inputs !== null && !rendered ? `revision ${inputs.revision} is not rendered` : '',
    artifact === null ? 'nothing is published' : '',
    nodes.length === 0 ? 'no node has reported' : '',
    hold === null ? '' : `held: ${hold.reason}`,
    oddReports.length === 0
      ? ''
      : `odd reports, left out: ${oddReports.map((name) => JSON.stringify(name)).join(', ')}`,
    ...(['behind', 'parked', 'trouble', 'silent'] as const).map((state) => {
      const which = names(state);
      return which === '' ? '' : `${state}: ${which}`;
    }),
  ].filter((text) => text !== '');
}

function overview(standing: FleetStanding, now: number): string[][] {
  const { watcher, inputs, artifact, rendered, failed, problems, hold } = standing;
  return [
    ['watcher', watcher === null ? 'none leads' : `${watcher} leads`],
    [
      'inputs',
      inputs === null
        ? 'none yet'
        : `revision ${inputs.revision}, ${ago(inputs.updatedAt, now)} (index ${inputs.index} of the store)`,
    ],
    ['artifact', artifact === null ? 'none yet' : tellArtifact(artifact, now)],
    ...(inputs === null || rendered ? [] : [['renders', failed ? tellFailure(failed, now) : 'under way or waiting']]),
    ...(hold === null ? [] : [['held', `since ${ago(hold.since, now)}`]]),
    ...problems.map((problem, at) => [at === 0 ? 'set aside' : '', problem]),
  ];
}

const tellArtifact = ({ version, digest, revision, createdAt, checked }: Published, now: number): string =>
  [
    `version ${version} (${digest.slice(0, 12)}) of revision ${revision}`,
    ...(createdAt === null ? [] : [ago(createdAt, now)]),
    ...(checked ? [] : ['HAProxy is still to check it']),
  ].join(', ');

const tellFailure = ({ job, finishedAt, reason }: NonNullable<FleetStanding['failed']>, now: number): string =>
  `job ${job} FAILED ${ago(finishedAt, now)}: ${reason}`;

const head = ['NODE', 'STATE', 'DESIRED', 'APPLIED', 'LAST GOOD', 'HAPROXY', 'OLD WORKERS', 'SEEN', 'WHY'];

function nodeTable({ nodes, artifact }: FleetStanding, now: number): string[] {
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
      ago(node.at, now),
      whyOf(node, number),
    ]),
  );
}

function whyOf({ parked, problem }: NodeStatus, number: (identity: ArtifactIdentity) => string): string {
  return [parked ? `version ${number(parked.artifact)} is parked: ${parked.reason}` : '', problem ?? '']
    .filter((text) => text !== '')
    .join('\n');
}
