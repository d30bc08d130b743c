import { reasonOf } from '@flotilla/domain';
import { type Plan, type Release, type RuntimeSocket, applyPlan, commandsOf, readBack } from '@flotilla/haproxy';
import type { Context } from './context.ts';
import type { StepClock } from './step-clock.ts';

export type UpdateResult =
  | { readonly kind: 'updated'; readonly operations: number }
  /** HAProxy runs something in between; a reload brings it to what is on disk. */
  | { readonly kind: 'failed'; readonly why: string };

/** Carries a plan out through HAProxy's socket and reads back what it touched. Throws only when it is aborted. */
export async function updateRunning(
  context: Context,
  socket: RuntimeSocket,
  plan: Exclude<Plan, { kind: 'none' }>,
  wanted: Release,
  clock: StepClock,
): Promise<UpdateResult> {
  const { removals, signal, metrics } = context;
  const applied = await applyPlan(socket, plan, { wanted, removals, signal });
  for (const { name, ms } of applied.steps) clock.add(name, ms);
  if (applied.kind === 'failed') return { kind: 'failed', why: `"${applied.command}" was answered: ${applied.reply}` };
  metrics.operations(plan.operations);
  try {
    const proof = await clock.time('read-back', () => readBack(socket, plan, wanted));
    if (proof.kind === 'proven') return { kind: 'updated', operations: countCommands(plan) };
    const [first] = proof.differences;
    return {
      kind: 'failed',
      why: `${first?.what ?? 'something'} is "${first?.found ?? ''}" after the update instead of "${first?.wanted ?? ''}"`,
    };
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', why: `the update could not be read back: ${reasonOf(error)}` };
  }
}

const countCommands = (plan: Exclude<Plan, { kind: 'none' }>): number =>
  plan.operations.reduce((sum, operation) => sum + commandsOf(operation).length, 0);
