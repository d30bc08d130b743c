import { type Drift, findDrift, mendingPlan } from '@flotilla/haproxy';
import { reasonOf } from '@flotilla/domain';
import type { Running } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import { becomeLive } from './become-live.ts';
import { type Context, ack } from './context.ts';
import { LastingDrift, keyOf } from './lasting-drift.ts';
import { StepClock } from './step-clock.ts';
import { explain } from './take-version.ts';
import { updateRunning } from './update-running.ts';

/** Certificates cost a command each, so they are compared at every tenth look only. */
const looksPerCertificates = 10;

/**
 * Looks at HAProxy every few seconds: whether it runs, which worker, and whether it runs what its files say. Someone
 * may have used the socket by hand, reloaded or restarted it, or killed it.
 */
export interface Watch {
  /** After a start or reload: whatever differs now comes from the files and is no drift. */
  expectFresh(running: Running | undefined, placed: PlacedRelease): Promise<void>;
  /** After a worker was taken over that was updated at runtime: whatever differs is drift. */
  takeOver(placed: PlacedRelease): Promise<void>;
  /** One look, and what follows from it. It is broken off when something more urgent comes up. */
  look(urgent: AbortSignal): Promise<void>;
}

export function createWatch(context: Context): Watch {
  const { standing, haproxy, metrics, log, removals } = context;
  /** What a fresh worker runs otherwise than the model expects, e.g. by a server state file: not to be mended. */
  let tolerated = new Set<string>();
  const lasting = new LastingDrift();
  let looks = 0;

  const expectFresh = async (running: Running | undefined, placed: PlacedRelease) => {
    const found = await driftOf(context, running, placed, false);
    tolerated = new Set(found?.map(keyOf));
    if (found && found.length > 0)
      log.info({ found: found.slice(0, 3).map(keyOf) }, 'a fresh worker differs from its files');
  };

  const takeOver = async (placed: PlacedRelease) => {
    tolerated = new Set();
    looks = 0;
    if (standing.running) await mendDrift(standing.running, placed);
  };

  const look = async (urgent: AbortSignal) => {
    const found = await haproxy.look();
    if (found.kind === 'unknown') return;
    if (found.kind === 'down') {
      metrics.running(false, 0);
      standing.problem = `haproxy does not answer: ${found.why}`;
      standing.running = undefined;
      return;
    }
    const { running } = found;
    metrics.running(true, running.oldWorkers);
    const known = standing.running;
    standing.running = running;
    if (known?.worker !== running.worker) await meetWorker(running);
    else if (standing.live && !standing.waiting) await mendDrift(running, standing.live, urgent);
  };

  /** A worker this agent did not bring about: HAProxy was started again or reloaded by someone else. */
  const meetWorker = async (running: Running) => {
    const { disk, waiting } = standing;
    removals.clear();
    if (!disk) return;
    const readsDisk = running.release === disk.manifest.digest;
    log.info({ worker: running.worker, readsDisk }, 'HAProxy has a new worker');
    if (!readsDisk && running.release !== undefined) {
      wait(`haproxy runs another release (${running.release.slice(0, 12)})`);
      return;
    }
    if (!readsDisk && !standing.live) {
      wait('it is not known what haproxy runs');
      return;
    }
    await expectFresh(running, disk);
    becomeLive(context, disk);
    if (waiting && waiting.purpose !== 'restore') ack(context, disk, { kind: 'start' }, waiting.clock);
  };

  const wait = (why: string) => {
    standing.waiting ??= { purpose: 'restore', why, touched: true, notBefore: 0, clock: new StepClock() };
  };

  const mendDrift = async (running: Running, live: PlacedRelease, urgent?: AbortSignal) => {
    const certificates = looks % looksPerCertificates === 0;
    const all = await driftOf(context, running, live, certificates, urgent);
    if (urgent?.aborted) return;
    looks++;
    const known = lasting.problem;
    const found = lasting.sort(
      live.manifest.digest,
      (all ?? []).filter((one) => !tolerated.has(keyOf(one))),
      certificates && all !== undefined,
    );
    standing.problem = lasting.problem;
    if (lasting.problem !== undefined && lasting.problem !== known)
      log.error({ reason: lasting.problem }, 'drift lasts');
    if (found.length === 0) return;
    metrics.drifted(found.length);
    log.warn({ count: found.length, first: found[0] && keyOf(found[0]) }, 'HAProxy drifted from its files; mending');
    const plan = mendingPlan(found);
    const socket = haproxy.runtime(running);
    if (plan.kind === 'none') return;
    if (plan.kind === 'reload' || !socket) {
      lasting.reloadFor(found);
      wait(plan.kind === 'reload' ? explain(plan.reason) : 'haproxy drifted from its files');
      return;
    }
    const update = await updateRunning(context, socket, plan, live.release, new StepClock());
    if (update.kind !== 'failed') return;
    lasting.reloadFor(found);
    wait(update.why);
  };

  return { expectFresh, takeOver, look };
}

/** Everything that a worker runs otherwise than the files say. Undefined when it cannot be asked. */
async function driftOf(
  { haproxy, removals, log, signal }: Context,
  running: Running | undefined,
  placed: PlacedRelease,
  certificates: boolean,
  urgent?: AbortSignal,
): Promise<readonly Drift[] | undefined> {
  const socket = running && haproxy.runtime(running);
  if (!socket) return undefined;
  try {
    return await findDrift(socket, placed.release, { removals, certificates, ...(urgent && { signal: urgent }) });
  } catch (error) {
    signal.throwIfAborted();
    if (!urgent?.aborted) log.debug({ reason: reasonOf(error) }, 'HAProxy could not be compared with its files');
    return undefined;
  }
}
