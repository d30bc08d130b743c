import { type Drift, findDrift, mendingPlan } from '@flotilla/haproxy';
import { reasonOf } from '@flotilla/domain';
import type { Running } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { LastingDrift, keyOf } from './lasting-drift.ts';
import { StepClock } from './step-clock.ts';
import { type State, diskOf, liveOf, waitingOf } from './state.ts';
import { explain } from './take-version.ts';
import { updateRunning } from './update-running.ts';

/** Certificates cost a command each, so they are compared at every tenth look only. */
const looksPerCertificates = 10;

/** What a fresh worker takes addresses, weights and states of its servers from, beside its configuration. */
const stateFile = /^[ \t]*load-server-state-from-file[ \t]/m;
/** It takes no servers from there. */
const absent = 'absent';

/**
 * Looks at HAProxy every few seconds: whether it runs, which worker, and whether it runs what its files say. Someone
 * may have used the socket by hand, reloaded or restarted it, or killed it.
 */
export interface DriftWatch {
  /** After a start or reload: what differs now by a server state file is no drift. */
  expectFresh(running: Running | undefined, placed: PlacedRelease): Promise<void>;
  /** After a worker was taken over that was updated at runtime: whatever differs is drift. */
  takeOver(placed: PlacedRelease): Promise<void>;
  /** One look, and what follows from it. It is broken off when something more urgent comes up. */
  look(urgent: AbortSignal): Promise<void>;
}

export function createDriftWatch(context: Context): DriftWatch {
  const { haproxy, metrics, log, removals } = context;
  /** What a fresh worker runs otherwise than its files say, by a server state file: not to be mended. */
  let tolerated = new Set<string>();
  const lasting = new LastingDrift();
  let looks = 0;

  const expectFresh = async (running: Running | undefined, placed: PlacedRelease) => {
    tolerated = new Set();
    // Without such a file whatever differs was done by hand since, however fresh the worker is.
    if (!stateFile.test(placed.release.config.text)) return;
    const found = await driftOf(context, running, placed, false);
    tolerated = new Set(found?.filter(({ wanted, found }) => wanted !== absent && found !== absent).map(keyOf));
    if (tolerated.size > 0)
      log.info({ found: [...tolerated].slice(0, 3) }, 'a fresh worker has states of its servers from a file');
  };

  const takeOver = async (placed: PlacedRelease) => {
    tolerated = new Set();
    looks = 0;
    const { running } = context.state;
    if (running) await mendDrift(running, placed);
  };

  const look = async (urgent: AbortSignal) => {
    const found = await haproxy.look();
    if (found.kind === 'unknown') return;
    if (found.kind === 'down') {
      metrics.running(false, 0);
      context.move({ kind: 'looked', running: undefined, problem: `haproxy does not answer: ${found.why}` });
      return;
    }
    const { running } = found;
    metrics.running(true, running.oldWorkers);
    const isNew = !isKnown(context.state, running);
    context.move({ kind: 'looked', running });
    const { place } = context.state;
    if (isNew) await meetWorker(running);
    else if (place.kind === 'settled') await mendDrift(running, place.disk, urgent);
  };

  /** A worker this agent did not bring about: HAProxy was started again or reloaded by someone else. */
  const meetWorker = async (running: Running) => {
    const disk = diskOf(context.state);
    const waiting = waitingOf(context.state);
    removals.clear();
    if (!disk) return;
    const readsDisk = running.release === disk.manifest.digest;
    log.info({ worker: running.worker, readsDisk }, 'HAProxy has a new worker');
    if (!readsDisk && running.release !== undefined) {
      wait(`haproxy runs another release (${running.release.slice(0, 12)})`);
      return;
    }
    if (!readsDisk && !liveOf(context.state)) {
      wait('it is not known what haproxy runs');
      return;
    }
    await expectFresh(running, disk);
    const how = waiting && waiting.purpose !== 'restore' ? ({ kind: 'start' } as const) : undefined;
    context.move({ kind: 'proven', how, clock: waiting?.clock ?? new StepClock() });
  };

  const wait = (why: string) => {
    context.move({ kind: 'restore', why });
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
    context.move({ kind: 'drift-lasts', problem: lasting.problem });
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

/** The worker of the last look, or the one that was proven to run `live`: it may have stood still for a while. */
const isKnown = (state: State, { worker }: Running): boolean =>
  state.running?.worker === worker || (liveOf(state) !== undefined && state.proven?.pid === worker);

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
