import type { LoadedArtifact } from '@flotilla/artifact';
import { FlotillaError, layout, reasonOf, sameArtifact } from '@flotilla/domain';
import { type Plan, capabilities, diff, needsCheck } from '@flotilla/haproxy';
import { type PlacedRelease, placeArtifact } from '../store/placed-release.ts';
import type { Context } from './context.ts';
import { beforeReload } from './before-reload.ts';
import { checkRelease } from './inspect.ts';
import { ownConfigOf } from './own-config-of.ts';
import { heldBack } from './refused-lines.ts';
import { refuse } from './refuse.ts';
import { diskOf, parkedOf, sameRelease, waitingOf } from './state.ts';
import { StepClock } from './step-clock.ts';
import { type InTheWay, inTheWayOf } from './taking-up-again.ts';
import { updateRunning } from './update-running.ts';

/**
 * One version, from its bytes to the moment where it is live, waits for a reload, or is refused:
 *
 *     place → write → plan → check → preflight → switch the disk → runtime operations → read back → ack
 *                              │ refused             │ reload, or anything unexpected
 *                              ▼                     ▼
 *                          park, nack           `waiting`: the delivery reloads when the budget allows it
 *
 * The disk comes first: from the switch on, a HAProxy that starts for whatever reason reads the new version.
 */
export async function takeVersion(context: Context, artifact: LoadedArtifact): Promise<void> {
  const { metrics, log } = context;
  const { manifest } = artifact;
  const clock = new StepClock();
  context.move({ kind: 'asked-for', artifact: manifest });
  metrics.desired(manifest.version);
  const before = diskOf(context.state);
  const parked = parkedOf(context.state);
  // Where nothing runs, nothing is gained by leaving it aside.
  if (before && parked && sameArtifact(parked.artifact, manifest)) {
    log.info({ version: manifest.version }, `version ${manifest.version} stays parked`);
    context.move({ kind: 'stays-parked', placed: placeAgain(context, artifact) });
    return;
  }
  const placed = await clock.time('place', () => place(context, artifact, before, clock));
  if (placed) await bring(context, placed, clock);
}

/** Brings HAProxy to a placed release, or refuses it. */
export async function bring(context: Context, placed: PlacedRelease, clock: StepClock): Promise<void> {
  const { store } = context;
  const before = diskOf(context.state);
  const own = ownConfigOf(context, placed);
  await clock.time('write', () => store.write(placed, own, before?.manifest));
  if (before && sameRelease(before, placed)) {
    context.move({ kind: 'renumbered', placed, clock });
    return;
  }

  const plan = await clock.time('plan', () => planFrom(context, before, placed));
  const isChecked = waitingOf(context.state) !== undefined || !isVouchedFor(before, placed, plan);
  const objection = await objectionTo(context, placed, { own, isChecked, reloads: plan.kind === 'reload', clock });
  if (objection) {
    await refuse(context, placed, objection.reason, { touched: false, clock, lookAgain: objection.lookAgain });
    return;
  }
  // HAProxy is started by this agent, after it has looked whether the release is whole, or by someone who does not look.
  if (context.haproxy.mode !== 'supervise') await clock.time('flush', () => store.flush());
  await bringByPlan(context, placed, plan, { isChecked, clock });
}

interface Objection {
  readonly reason: string;
  readonly lookAgain?: InTheWay | undefined;
}

/** Why a release is not even tried: HAProxy's check, what was refused lately, or what is in the way of a reload. */
async function objectionTo(
  context: Context,
  placed: PlacedRelease,
  { own, isChecked, reloads, clock }: { own: string; isChecked: boolean; reloads: boolean; clock: StepClock },
): Promise<Objection | undefined> {
  const words = isChecked ? await clock.time('check', () => checkRelease(context, placed, own)) : undefined;
  if (words !== undefined) return { reason: words };
  const held = heldBack(context, placed);
  if (held !== undefined) return { reason: held, lookAgain: parkedOf(context.state)?.lookAgain };
  const inTheWay = reloads ? await clock.time('preflight', () => beforeReload(context, placed)) : undefined;
  return inTheWay === undefined ? undefined : { reason: inTheWay, lookAgain: inTheWayOf(context.state) };
}

/** Undefined when the artifact cannot be laid out on a node at all; it is parked then. */
function place(
  context: Context,
  artifact: LoadedArtifact,
  before: PlacedRelease | undefined,
  clock: StepClock,
): PlacedRelease | undefined {
  try {
    return placeArtifact(artifact, context.store.paths.current, before?.release.config);
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    context.move({ kind: 'unplaceable', artifact: artifact.manifest, reason: error.message, clock });
    return undefined;
  }
}

/** A parked version that is offered again, to an agent that was started again: its pods may not have been brought yet. */
function placeAgain({ store, state }: Context, artifact: LoadedArtifact): PlacedRelease | undefined {
  try {
    return placeArtifact(artifact, store.paths.current, diskOf(state)?.release.config);
  } catch {
    return undefined; // That is why it was parked.
  }
}

async function bringByPlan(
  context: Context,
  placed: PlacedRelease,
  plan: Plan,
  { isChecked, clock }: { isChecked: boolean; clock: StepClock },
): Promise<void> {
  const { state, haproxy, log } = context;
  const socket = state.running && haproxy.runtime(state.running);
  const waitsAlready = waitingOf(state) !== undefined;
  const why = plan.kind === 'reload' ? explain(plan.reason) : socket ? undefined : 'haproxy is not running';
  await clock.time('switch', () => {
    context.move({ kind: 'switched', placed, isChecked, why, clock });
  });
  if (waitsAlready || !socket || plan.kind === 'reload') {
    // What can be done at runtime need not wait for the reload; whether it worked shows after the reload.
    const operations = plan.kind === 'none' ? [] : plan.operations;
    if (!socket || operations.length === 0) return;
    context.move({ kind: 'touched' });
    const update = await updateRunning(context, socket, { kind: 'runtime', operations }, placed.release, clock);
    if (update.kind === 'failed') log.info({ why: update.why }, 'part of the version waits for the reload');
    return;
  }
  if (plan.kind === 'none') {
    context.move({ kind: 'proven', how: { kind: 'none' }, clock });
    return;
  }
  const update = await updateRunning(context, socket, plan, placed.release, clock);
  if (update.kind === 'failed') {
    log.warn({ why: update.why }, 'a runtime update failed; reloading instead');
    context.move({ kind: 'touched', why: update.why });
    return;
  }
  context.move({ kind: 'proven', how: { kind: 'runtime', operations: update.operations }, clock });
}

function planFrom(context: Context, before: PlacedRelease | undefined, placed: PlacedRelease): Plan {
  const { state, removals } = context;
  const { running } = state;
  const reload = (why: string): Plan => ({
    kind: 'reload',
    reason: { file: layout.config, line: undefined, text: '', why },
    operations: [],
  });
  if (!before || !running) return reload('haproxy has to be started');
  try {
    return diff(before.release, placed.release, capabilities(running.version), removals);
  } catch (error) {
    // A plan is an optimisation: whatever it cannot read is for HAProxy to judge.
    return reload(`the difference could not be planned: ${reasonOf(error)}`);
  }
}

/**
 * The version needs no `haproxy -c` before traffic: it only has servers that come, go or move, with lines of shapes that
 * were checked (`needsCheck` says why that is safe), and it goes into traffic through the socket. It is checked
 * afterwards, and undone if it fails.
 */
function isVouchedFor(before: PlacedRelease | undefined, placed: PlacedRelease, plan: Plan): boolean {
  if (!before || plan.kind === 'reload') return false;
  const had = new Map(before.manifest.files.map(({ path, digest }) => [path, digest]));
  const others = placed.manifest.files.filter(({ path }) => path !== layout.config);
  if (before.manifest.files.length !== placed.manifest.files.length) return false;
  if (others.some(({ path, digest }) => had.get(path) !== digest)) return false;
  return !needsCheck(before.release.config, placed.release.config);
}

export function explain({ file, line, text, why }: Extract<Plan, { kind: 'reload' }>['reason']): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return text === '' ? `${place}: ${why}` : `${place}: ${why} (${text})`;
}
