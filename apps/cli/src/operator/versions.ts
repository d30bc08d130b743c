import { type ArtifactReader } from '@flotilla/artifact';
import { createNodeReports } from '@flotilla/runtime';
import { type FleetName, sameArtifact } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { type Outcome, exitCodes } from '../outcome.ts';
import { ago, columns } from '../table.ts';

/** `flotilla versions`: the versions that are kept, newest first, and which nodes run each. */
export async function versionsCommand(
  redis: Redis,
  fleet: FleetName,
  artifacts: ArtifactReader,
  { width = Infinity, now = Date.now() }: { width?: number; now?: number } = {},
): Promise<Outcome> {
  const damaged: { version: string; reason: string }[] = [];
  const [versions, desired, nodes] = await Promise.all([
    artifacts.versions((version, reason) => damaged.push({ version, reason })),
    artifacts.desired(),
    createNodeReports({ redis, fleet }).nodes(),
  ]);
  const listed = versions.map((manifest) => {
    const { files, ...rest } = manifest;
    return {
      ...rest,
      files: files.length,
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      desired: desired.version !== undefined && sameArtifact(manifest, desired.version),
      nodes: nodes.flatMap(({ node, applied }) => (applied && sameArtifact(applied, manifest) ? [node] : [])),
    };
  });
  const rows = listed.map(({ version, digest, revision, createdAt, files, bytes, desired: wanted, nodes: running }) => [
    `${version}${wanted ? ' *' : ''}`,
    digest.slice(0, 12),
    String(revision),
    ago(createdAt, now),
    String(files),
    String(bytes),
    running.join(', ') || '-',
  ]);
  return {
    code: exitCodes.ok,
    lines: [
      ...(rows.length === 0
        ? [`fleet ${fleet} has no versions yet`]
        : [
            ...columns(['VERSION', 'DIGEST', 'REVISION', 'MADE', 'FILES', 'BYTES', 'RUN BY'], rows, {
              width,
              optional: ['BYTES', 'FILES', 'REVISION'],
            }),
            desired.held === undefined ? '* desired' : `* desired, and held: ${desired.held}`,
          ]),
      ...damaged.map(({ version, reason }) => `version ${version} is left out: ${reason}`),
    ],
    json: { fleet, held: desired.held ?? null, versions: listed, damaged },
  };
}
