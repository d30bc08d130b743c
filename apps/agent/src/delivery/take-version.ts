import type { HeldArtifact } from '@flotilla/artifact';
import { FlotillaError, layout, reasonOf, sameArtifact } from '@flotilla/domain';
import { type Plan, capabilities, diff, needsCheck, ownConfig } from '@flotilla/haproxy';
import { type PlacedRelease, placeArtifact } from '../store/placed-release.ts';
import { identityOf } from '../store/state-file.ts';
import { becomeLive } from './become-live.ts';
import { type Context, ack, nack, saveState } from './context.ts';
import { checkRelease, preflight } from './inspect.ts';
import { refuse } from './refuse.ts';
import { sameRelease } from './standing.ts';
import { StepClock } from './step-clock.ts';
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
export async function takeVersion(context: Context, artifact: HeldArtifact): Promise<void> {
  const { standing, store, metrics, log } = context;
  const { manifest } = artifact;
  const clock = new StepClock();
  standing.desired = identityOf(manifest);
  metrics.desired(manifest.version);
  if (standing.parked && sameArtifact(standing.parked.artifact, manifest)) {
    log.info({ version: manifest.version }, `version ${manifest.version} stays parked`);
    return;
  }
  const before = standing.disk;
  const placed = await clock.time('place', () => place(context, artifact, before, clock));
  if (!placed) return;
  const own = ownConfigOf(context, placed);
  await clock.time('write', () => store.write(placed, own, before?.manifest));
  if (before && sameRelease(before, placed)) {
    takeSameContent(context, placed, clock);
    return;
  }

  const plan = await clock.time('plan', () => planFrom(context, before, placed));
  const checked = standing.waiting !== undefined || !isVouchedFor(before, placed, plan);
  const words =
    (checked ? await clock.time('check', () => checkRelease(context, placed, own)) : undefined) ??
    (plan.kind === 'reload' ? await clock.time('preflight', () => preflight(context, placed)) : undefined);
  if (words !== undefined) {
    await refuse(context, placed, words, { touched: false, clock });
    return;
  }
  // HAProxy is started by this agent, after it has looked whether the release is whole, or by someone who does not look.
  if (context.haproxy.mode !== 'supervise') await clock.time('flush', () => store.flush());
  await clock.time('switch', () => store.switchTo(manifest));
  standing.disk = placed;
  standing.unchecked = !checked;
  await bringByPlan(context, placed, plan, clock);
}

/** Undefined when the artifact cannot be laid out on a node at all; it is parked then. */
function place(
  context: Context,
  artifact: HeldArtifact,
  before: PlacedRelease | undefined,
  clock: StepClock,
): PlacedRelease | undefined {
  const { store, standing } = context;
  try {
    return placeArtifact(artifact, store.paths.current, before?.release.config);
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    standing.parked = { artifact: identityOf(artifact.manifest), reason: error.message };
    saveState(context);
    nack(context, artifact.manifest, error.message, clock);
    return undefined;
  }
}

/** The same content under a new number, after a rollback and back or a new life of Redis: nothing to do for HAProxy. */
function takeSameContent(context: Context, placed: PlacedRelease, clock: StepClock): void {
  const { standing } = context;
  context.store.switchTo(placed.manifest);
  standing.disk = placed;
  const { waiting } = standing;
  if (sameRelease(standing.live, placed) && !waiting) {
    becomeLive(context, placed);
    ack(context, placed, { kind: 'none' }, clock);
    return;
  }
  // It is acked when it is live. That may have been tried before, and broken off by an error of this node.
  const why = waiting?.why ?? 'haproxy is not known to run it';
  standing.waiting = { touched: true, notBefore: 0, ...waiting, purpose: 'deliver', why, clock };
}

async function bringByPlan(context: Context, placed: PlacedRelease, plan: Plan, clock: StepClock): Promise<void> {
  const { standing, haproxy, log } = context;
  const socket = standing.running && haproxy.runtime(standing.running);
  const wait = (why: string, touched: boolean) => {
    const earlier = standing.waiting;
    standing.waiting = {
      purpose: 'deliver',
      why: earlier?.purpose === 'deliver' ? earlier.why : why,
      touched: touched || (earlier?.touched ?? false),
      notBefore: 0,
      clock,
    };
  };
  if (standing.waiting || !socket || plan.kind === 'reload') {
    // What can be done at runtime need not wait for the reload; whether it worked shows after the reload.
    const operations = plan.kind === 'none' ? [] : plan.operations;
    wait(plan.kind === 'reload' ? explain(plan.reason) : 'haproxy is not running', false);
    if (!socket || operations.length === 0) return;
    wait('', true);
    const update = await updateRunning(context, socket, { kind: 'runtime', operations }, placed.release, clock);
    if (update.kind === 'failed') log.info({ why: update.why }, 'part of the version waits for the reload');
    return;
  }
  if (plan.kind === 'none') {
    becomeLive(context, placed);
    ack(context, placed, { kind: 'none' }, clock);
    return;
  }
  const update = await updateRunning(context, socket, plan, placed.release, clock);
  if (update.kind === 'failed') {
    log.warn({ why: update.why }, 'a runtime update failed; reloading instead');
    wait(update.why, true);
    return;
  }
  becomeLive(context, placed);
  ack(context, placed, { kind: 'runtime', operations: update.operations }, clock);
}

export const ownConfigOf = ({ settings, standing }: Context, placed: PlacedRelease): string =>
  ownConfig({
    statsSocket: settings.statsSocket,
    release: placed.manifest.digest,
    userConfig: placed.release.config,
    version: standing.running?.version ?? settings.version,
  });

function planFrom(context: Context, before: PlacedRelease | undefined, placed: PlacedRelease): Plan {
  const { standing, removals } = context;
  const { running } = standing;
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
