import { join } from 'node:path';
import type { ArtifactIdentity } from '@flotilla/domain';

/**
 * What stands in the data folder:
 *
 *     current                  → releases/<version>-<digest>, what a start of HAProxy reads; switched atomically
 *     releases/<version>-<digest>/
 *       haproxy.cfg, crt-list  the bundle's own files, with `current` in place of the release token
 *       flotilla.cfg           the agent's own configuration, loaded after haproxy.cfg
 *       manifest.json
 *       ssl, files             → ../../trees/<digest>
 *     trees/<digest>/          a folder of the bundle; releases with the same folder share it
 *     check/                   copies of what is being checked, with their own path in place of the token
 *     owner.json               which agent of which fleet works with the folder; the folder itself is locked
 *     state.json               what was applied, what was good, what is parked
 *     run/                     sockets and output of a supervised HAProxy
 */
export interface StorePaths {
  readonly root: string;
  readonly current: string;
  readonly releases: string;
  readonly trees: string;
  readonly check: string;
  readonly state: string;
  readonly run: string;
}

export const storePaths = (root: string): StorePaths => ({
  root,
  current: join(root, 'current'),
  releases: join(root, 'releases'),
  trees: join(root, 'trees'),
  check: join(root, 'check'),
  state: join(root, 'state.json'),
  run: join(root, 'run'),
});

/** The agent's own files of a release; a bundle's path never clashes with them silently: it is refused. */
export const ownFiles = { config: 'flotilla.cfg', manifest: 'manifest.json' } as const;

/** The name of a release's folder. Two artifacts of one name have the same content but for a chance of 2^-48. */
export const releaseName = ({ version, digest }: ArtifactIdentity): string => `${version}-${digest.slice(0, 12)}`;

/** What is being written has this prefix; it is left behind only by an agent that was killed. */
export const temporaryPrefix = '.new-';
