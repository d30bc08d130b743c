import type { ApplyMethod } from '@flotilla/domain';
import type { Brought, Look } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import { beforeReload } from './before-reload.ts';
import type { Context } from './context.ts';
import { withoutSecrets } from './inspect.ts';
import { mendDisk, repairDisk } from './mend-disk.ts';
import { noteRefused } from './refused-lines.ts';
import { refuse } from './refuse.ts';
import { type State, type Waiting, diskOf, liveOf, parkedOf, waitingOf } from './state.ts';
import { type InTheWay, inTheWayOf } from './taking-up-again.ts';
import type { DriftWatch } from './drift-watch.ts';

const firstRetryMs = 500;
const longestRetryMs = 15_000;
const putOffMs = 1_000;
const mostUnproven = 3;

/** When the start or reload that is waited for may be made; Infinity when none is. */
export function makeLiveDueAt({ state, budget }: Context): number {
  const waiting = waitingOf(state);
  if (!waiting) return Infinity;
  return liveOf(state) && state.running && waiting.isAsked !== true
    ? Math.max(waiting.notBefore, budget.dueAt)
    : waiting.notBefore;
}

/** A reload is put off on purpose: the last one was a moment ago, or old workers have connections. */
export function waitsForReload({ state, budget }: Context, now: number): boolean {
  const waiting = waitingOf(state);
  if (!waiting || waiting.why === undefined || !state.running) return false;
  // What was tried and brought nothing is a failure, and what an operator asked for is put off by nothing.
  if (waiting.words !== undefined || waiting.isAsked === true) return false;
  return waiting.putOffSince !== undefined || now < budget.dueAt;
}

/**
 * Starts or reloads HAProxy so that it runs what is on disk, proves it, and acks; or goes back.
 * A failure of a version that ran before is the node's (a port, a limit, no HAProxy): it is tried again, with pauses.
 */
export async function makeLive(context: Context, watch: DriftWatch, now: number): Promise<void> {
  const { haproxy, budget, signal, metrics } = context;
  const disk = diskOf(context.state);
  const waiting = waitingOf(context.state);
  if (!disk || !waiting) return;
  const before = await haproxy.look();
  if (isPutOff(context, before, waiting, now)) return;
  const isDown = before.kind === 'down';
  const reloads = !isDown && liveOf(context.state) !== undefined;
  const inTheWay = reloads ? await waiting.clock.time('preflight', () => beforeReload(context, disk)) : undefined;
  if (inTheWay !== undefined) {
    await handleFailure(context, {
      disk,
      waiting,
      outcome: { kind: 'refused', words: inTheWay },
      isDown,
      now,
      lookAgain: inTheWayOf(context.state),
    });
    return; // Nothing was tried on HAProxy, so there is nothing to be kept from it later.
  }
  // What cannot be mended is told by the look at the disk.
  await repairDisk(context, disk);
  const brought = await waiting.clock.time(isDown ? 'start' : 'reload', () =>
    reloads ? haproxy.reload(signal) : startOrTakeOver(context, disk, waiting),
  );
  if (!isDown) budget.spend(performance.now());
  const outcome = await judgedByItsFiles(context, disk, provenOutcome(context, disk, brought));
  metrics.brought(outcome.kind === 'live' ? outcome.how : outcome.kind);
  if (outcome.kind === 'live') await settle(context, watch, { disk, waiting, brought: outcome });
  else {
    // A start that is refused costs nothing more when it is tried again.
    const isCostly = !isDown || outcome.kind === 'unproven';
    const isNoted = willPark(waiting, outcome) && isCostly && !disk.podsOf;
    const noted = isNoted ? noteRefused(context, disk, withoutSecrets(outcome.words, disk)) : undefined;
    // What HAProxy did not judge is no refusal for good.
    const lookAgain = outcome.kind === 'unproven' && noted ? { ...noted, lookAt: noted.notBefore } : undefined;
    await handleFailure(context, { disk, waiting, outcome, isDown, now, lookAgain });
  }
}

/** Mode `attach` waits for a HAProxy; every mode waits while too many old workers are left. */
function isPutOff(context: Context, look: Look, waiting: Waiting, now: number): boolean {
  let since = waiting.putOffSince;
  let problem: string | undefined;
  if (look.kind === 'down' && context.haproxy.mode === 'attach') {
    problem = `no haproxy to attach to: ${look.why}`;
  } else if (look.kind === 'running' && waitsForOldWorkers(context, look.running.oldWorkers, waiting, now)) {
    since ??= now;
  } else return false;
  context.move({ kind: 'put-off', since, notBefore: now + putOffMs, ...(problem !== undefined && { problem }) });
  return true;
}

/** For a while only: a configuration that does not come, because connections do not end, is worse than a worker more. */
function waitsForOldWorkers({ settings, log }: Context, oldWorkers: number, waiting: Waiting, now: number): boolean {
  const { putOffSince, isAsked, why } = waiting;
  if (oldWorkers < settings.maxOldWorkers || isAsked) return false;
  const forMs = now - (putOffSince ?? now);
  const isOver = forMs >= settings.longestPutOffMs;
  if (isOver) log.warn({ oldWorkers, why, forMs: Math.round(forMs) }, 'the reload was put off long enough; it is made');
  else if (putOffSince === undefined) log.warn({ oldWorkers, why }, 'the reload is put off: too many old workers');
  return !isOver;
}

/** A HAProxy that runs already is taken over as it is only when it is known to run what is on disk. */
async function startOrTakeOver(context: Context, disk: PlacedRelease, waiting: Waiting): Promise<Brought> {
  const { haproxy, signal } = context;
  const brought = await haproxy.start(signal);
  if (brought.kind !== 'live' || brought.how !== 'adopted') return brought;
  return !waiting.touched && isKnownToRun(context.state, brought.look, disk) ? brought : haproxy.reload(signal);
}

/** It started with this release, or it is the very worker that was proven to run it. */
function isKnownToRun({ proven }: State, look: Look, { manifest }: PlacedRelease): boolean {
  if (look.kind !== 'running') return false;
  const { worker, release } = look.running;
  if (release === manifest.digest) return true;
  return proven?.runs === manifest.digest && proven.pid === worker && proven.started === (release ?? null);
}

/** HAProxy took the new files only if its worker has read them; one that has read others was started with other paths. */
function provenOutcome({ store, haproxy }: Context, { manifest }: PlacedRelease, brought: Brought): Brought {
  if (brought.kind !== 'live' || brought.how === 'adopted' || brought.look.kind === 'unknown') return brought;
  if (brought.look.kind === 'down') {
    return { kind: 'unproven', words: `haproxy went away right after it had started: ${brought.look.why}` };
  }
  const { release } = brought.look.running;
  // Someone else's HAProxy may leave the agent's own file out; then the reload's count is all the proof there is.
  if (release === manifest.digest || (release === undefined && haproxy.mode === 'attach')) return brought;
  const { current } = store.paths;
  const words = `haproxy reloaded, but does not read ${current}: start it with -f ${current}/haproxy.cfg -f ${current}/flotilla.cfg`;
  return { kind: 'unproven', words };
}

/** A refusal of files that a person had changed says nothing about the version. */
async function judgedByItsFiles(context: Context, disk: PlacedRelease, outcome: Brought): Promise<Brought> {
  if (outcome.kind !== 'refused' || !(await mendDisk(context, disk))) return outcome;
  return { kind: 'unproven', words: `haproxy read files that had been changed by hand: ${outcome.words}` };
}

interface Attempt {
  readonly disk: PlacedRelease;
  readonly waiting: Waiting;
}

async function settle(
  context: Context,
  watch: DriftWatch,
  { disk, waiting, brought }: Attempt & { brought: Extract<Brought, { kind: 'live' }> },
): Promise<void> {
  const running = brought.look.kind === 'running' ? brought.look.running : undefined;
  context.move({ kind: 'looked', running });
  context.removals.clear();
  const isFresh = brought.how !== 'adopted';
  if (isFresh) await waiting.clock.time('verify', () => watch.expectFresh(running, disk));
  context.move({ kind: 'proven', how: howItCame(brought, waiting), clock: waiting.clock });
  if (!isFresh) await watch.takeOver(disk);
}

function howItCame({ how }: Extract<Brought, { kind: 'live' }>, { purpose, why }: Waiting): ApplyMethod | undefined {
  if (purpose === 'restore') return undefined;
  if (how === 'reloaded') return { kind: 'reload', why: why ?? 'it was broken off while it was told haproxy' };
  return { kind: how === 'commanded' ? 'command' : 'start' };
}

type Failure = Exclude<Brought, { kind: 'live' }>;

interface HowItFailed {
  readonly outcome: Failure;
  readonly isDown: boolean;
  readonly now: number;
  readonly lookAgain?: InTheWay | undefined;
}

const unprovenTimes = ({ unproven = 0 }: Waiting, { kind }: Failure): number =>
  unproven + (kind === 'unproven' ? 1 : 0);

const willPark = (waiting: Waiting, outcome: Failure): boolean =>
  waiting.purpose === 'deliver' && (outcome.kind === 'refused' || unprovenTimes(waiting, outcome) >= mostUnproven);

/**
 * A version that HAProxy refuses is parked. One whose outcome stays unknown too often is as well: it may be what makes
 * HAProxy hang or die. Everything else is tried again, for ever: a node that serves nothing has nothing to lose by it.
 */
async function handleFailure(
  context: Context,
  { disk, waiting, outcome, isDown, now, lookAgain }: Attempt & HowItFailed,
): Promise<void> {
  const { log } = context;
  const { words } = outcome;
  const { clock, touched } = waiting;
  const unproven = unprovenTimes(waiting, outcome);
  // Where nothing runs and there is nothing to go back to, what has passed its check is all there is to try.
  if (willPark(waiting, outcome) && (!isDown || hasWayBack(context.state, disk))) {
    await refuse(context, disk, words, { touched, clock, lookAgain, isDown });
    return;
  }
  const parked = parkedOf(context.state);
  if (isDown && waiting.acquits && parked) {
    log.warn({ version: parked.artifact.version }, 'the version before it does not start either: not parked');
    context.move({ kind: 'acquitted' });
  }
  const pauseMs = Math.min(longestRetryMs, Math.max(firstRetryMs, 2 * (waiting.pauseMs ?? 0)));
  const problem = `haproxy cannot be brought to version ${disk.manifest.version}: ${words}`;
  context.move({ kind: 'brought-nothing', words, problem, notBefore: now + pauseMs, pauseMs, unproven });
  // The same failure again is no news.
  const level = words === waiting.words ? 'debug' : 'error';
  log[level](
    { version: disk.manifest.version, words, retryMs: pauseMs },
    'HAProxy is not at its version; trying again',
  );
}

const hasWayBack = (state: State, { manifest }: PlacedRelease): boolean =>
  [liveOf(state)?.manifest.digest, state.good?.digest].some(
    (digest) => digest !== undefined && digest !== manifest.digest,
  );
