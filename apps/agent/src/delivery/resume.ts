import { type ArtifactIdentity, comesBefore } from '@flotilla/domain';
import { releaseName } from '../store/paths.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { AgentState } from '../store/state-file.ts';
import type { Context } from './context.ts';
import { type State, diskOf, parkedOf } from './state.ts';

/**
 * Where the agent before this one left off: what is on disk is what should run, whether Redis can be asked or not.
 * The agent may have been killed at any moment, so what HAProxy runs is not believed but found out (`makeLive`).
 */
export async function resume(context: Context): Promise<void> {
  const { store, haproxy, log } = context;
  const saved = await store.readState((reason) => {
    log.warn(
      { reason },
      'state.json is not understood and counts as empty: what was refused before may be tried again',
    );
  });
  const disk = await onDisk(context, saved);
  // The command brought HAProxy there, and it reads the same files when it starts.
  const isLive = haproxy.mode === 'command' && saved.applied?.digest === disk?.manifest.digest;
  context.move({ kind: 'resumed', disk, saved, isLive });
  if (!disk) return;
  const { digest, version } = disk.manifest;
  if (context.state.readEdited) log.error({ version }, 'files on the disk were changed by hand; they are pulled again');
  const ranWell = saved.lastGood?.digest === digest;
  log.info({ version, digest, ranWell }, `version ${version} is on disk`);
}

/**
 * What `current` points to. Not when it was parked, and the agent was killed before it went back; nor when the node
 * lost its power before it was whole on the disk.
 */
async function onDisk(
  { store, log }: Context,
  { parked, lastGood }: Pick<AgentState, 'parked' | 'lastGood'>,
): Promise<PlacedRelease | undefined> {
  const disk = await store.current();
  if (disk && parked?.artifact.digest !== disk.manifest.digest) return disk;
  const back = lastGood ? await store.load(releaseName(lastGood)) : undefined;
  if (back) {
    log.warn({ version: back.manifest.version }, 'what was on disk cannot be used; the last good version is taken');
    store.switchTo(back.manifest);
  } else store.switchToNothing();
  return back;
}

/**
 * The newest version that this node knows of: what is on its disk, or what it refused after that. Undefined where nothing
 * is on the disk, so that whatever Redis offers is better.
 */
export function newestKnown(state: State): ArtifactIdentity | undefined {
  const [disk, parked] = [diskOf(state), parkedOf(state)];
  if (!disk || !parked) return disk?.manifest;
  return comesBefore(disk.manifest, parked.artifact) ? parked.artifact : disk.manifest;
}
