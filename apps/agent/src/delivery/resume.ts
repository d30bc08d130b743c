import { releaseName } from '../store/paths.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import { type AgentState, readState } from '../store/state-file.ts';
import { type Context } from './context.ts';
import { StepClock } from './step-clock.ts';

/**
 * Where the agent before this one left off: what is on disk is what should run, whether Redis can be asked or not.
 * The agent may have been killed at any moment, so what HAProxy runs is not believed but found out (`makeLive`).
 */
export async function resume(context: Context): Promise<void> {
  const { standing, store, haproxy, log } = context;
  const { applied, lastGood, parked, worker } = await readState(store.paths.state);
  const disk = await onDisk(context, { parked, lastGood });
  standing.good = lastGood;
  standing.parked = parked;
  standing.proven = worker;
  if (!disk) return;
  standing.disk = disk;
  const { digest, version } = disk.manifest;
  const ranWell = lastGood?.digest === digest;
  standing.unchecked = !ranWell;
  log.info({ version, digest, ranWell }, `version ${version} is on disk`);
  if (haproxy.mode === 'command' && applied?.digest === digest) {
    standing.live = disk; // The command brought HAProxy there, and it reads the same files when it starts.
    return;
  }
  const purpose = ranWell ? 'resume' : 'deliver';
  standing.waiting = { purpose, why: 'the agent started', touched: false, notBefore: 0, clock: new StepClock() };
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
