import type { Brought, Look } from '../haproxy/port.ts';
import type { PlacedRelease } from '../store/placed-release.ts';
import { becomeLive } from './become-live.ts';
import { type Context, ack } from './context.ts';
import { refuse } from './refuse.ts';
import type { Standing, Waiting } from './standing.ts';
import type { Watch } from './watch.ts';

const firstRetryMs = 500;
const longestRetryMs = 15_000;
const putOffMs = 1_000;
const mostUnproven = 3;

/** When the start or reload that is waited for may be made; Infinity when none is. */
export function makeLiveDueAt({ standing, budget }: Context): number {
  const { waiting, live, running } = standing;
  if (!waiting) return Infinity;
  return live && running ? Math.max(waiting.notBefore, budget.dueAt) : waiting.notBefore;
}

/**
 * Starts or reloads HAProxy so that it runs what is on disk, proves it, and acks; or goes back.
 * A failure of a version that ran before is the node's (a port, a limit, no HAProxy): it is tried again, with pauses.
 */
export async function makeLive(context: Context, watch: Watch, now: number): Promise<void> {
  const { standing, haproxy, budget, signal, metrics } = context;
  const { disk, waiting } = standing;
  if (!disk || !waiting) return;
  const before = await haproxy.look();
  if (isPutOff(context, before, waiting, now)) return;
  const isDown = before.kind === 'down';
  const brought = await waiting.clock.time(isDown ? 'start' : 'reload', () =>
    isDown || !standing.live ? startOrTakeOver(context, disk, waiting) : haproxy.reload(signal),
  );
  if (!isDown) budget.spend(performance.now());
  const outcome = provenOutcome(context, disk, brought);
  metrics.brought(outcome.kind === 'live' ? outcome.how : outcome.kind);
  if (outcome.kind === 'live') await settle(context, watch, { disk, waiting, brought: outcome });
  else await handleFailure(context, { disk, waiting, outcome, now });
}

/** Mode `attach` waits for a HAProxy; every mode waits while too many old workers are left. */
function isPutOff({ standing, haproxy, settings, log }: Context, look: Look, waiting: Waiting, now: number): boolean {
  if (look.kind === 'down' && haproxy.mode === 'attach') {
    standing.problem = `no haproxy to attach to: ${look.why}`;
    standing.running = undefined;
  } else if (look.kind === 'running' && look.running.oldWorkers >= settings.maxOldWorkers) {
    log.warn({ oldWorkers: look.running.oldWorkers }, 'the reload is put off: too many old workers');
  } else return false;
  standing.waiting = { ...waiting, notBefore: now + putOffMs };
  return true;
}

/** A HAProxy that runs already is taken over as it is only when it is known to run what is on disk. */
async function startOrTakeOver(context: Context, disk: PlacedRelease, waiting: Waiting): Promise<Brought> {
  const { haproxy, standing, signal } = context;
  const brought = await haproxy.start(signal);
  if (brought.kind !== 'live' || brought.how !== 'adopted') return brought;
  return !waiting.touched && isKnownToRun(standing, brought.look, disk) ? brought : haproxy.reload(signal);
}

/** It started with this release, or it is the very worker that was proven to run it. */
function isKnownToRun({ proven }: Standing, look: Look, { manifest }: PlacedRelease): boolean {
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

interface Attempt {
  readonly disk: PlacedRelease;
  readonly waiting: Waiting;
}

async function settle(
  context: Context,
  watch: Watch,
  { disk, waiting, brought }: Attempt & { brought: Extract<Brought, { kind: 'live' }> },
): Promise<void> {
  const { standing, removals } = context;
  standing.running = brought.look.kind === 'running' ? brought.look.running : undefined;
  removals.clear();
  const isFresh = brought.how !== 'adopted';
  if (isFresh) await waiting.clock.time('verify', () => watch.expectFresh(standing.running, disk));
  becomeLive(context, disk);
  if (!isFresh) await watch.takeOver(disk);
  if (waiting.purpose === 'restore') return;
  const how =
    brought.how === 'reloaded'
      ? ({ kind: 'reload', why: waiting.why } as const)
      : ({ kind: brought.how === 'commanded' ? 'command' : 'start' } as const);
  ack(context, disk, how, waiting.clock);
}

/**
 * A version that HAProxy refuses is parked. One whose outcome stays unknown too often is as well: it may be what makes
 * HAProxy hang or die. Everything else is tried again.
 */
async function handleFailure(
  context: Context,
  { disk, waiting, outcome, now }: Attempt & { outcome: Exclude<Brought, { kind: 'live' }>; now: number },
): Promise<void> {
  const { standing, log } = context;
  const { words } = outcome;
  const unproven = (waiting.unproven ?? 0) + (outcome.kind === 'unproven' ? 1 : 0);
  if (waiting.purpose === 'deliver' && (outcome.kind === 'refused' || unproven >= mostUnproven)) {
    await refuse(context, disk, words, { touched: waiting.touched, clock: waiting.clock });
    return;
  }
  const pauseMs = Math.min(longestRetryMs, Math.max(firstRetryMs, 2 * (waiting.pauseMs ?? 0)));
  standing.problem = `haproxy cannot be brought to version ${disk.manifest.version}: ${words}`;
  standing.waiting = { ...waiting, touched: true, notBefore: now + pauseMs, pauseMs, unproven };
  log.error({ version: disk.manifest.version, words, retryMs: pauseMs }, 'HAProxy is not at its version; trying again');
}
