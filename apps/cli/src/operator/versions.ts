import type { ArtifactReader } from '@flotilla/artifact';
import { type Outcome, columns, exitCodes } from '../outcome.ts';

/** `flotilla versions`: the versions that are kept, newest first. */
export async function versionsCommand(artifacts: ArtifactReader): Promise<Outcome> {
  const [versions, desired] = [await artifacts.versions(), await artifacts.desired()];
  return {
    code: exitCodes.ok,
    lines: columns(
      ['VERSION', 'DIGEST', 'REVISION', 'MADE', 'FILES', ''],
      versions.map(({ version, digest, revision, createdAt, files }) => [
        String(version),
        digest.slice(0, 12),
        String(revision),
        createdAt,
        String(files.length),
        desired?.version === version ? 'desired' : '',
      ]),
    ),
    json: {
      desired: desired ?? null,
      versions: versions.map(({ files, ...rest }) => ({ ...rest, files: files.length })),
    },
  };
}
