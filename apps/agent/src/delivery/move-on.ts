import { identityOf } from '@flotilla/domain';
import type { Context } from './context.ts';
import { podsOnto } from './pods.ts';
import { StepClock } from './step-clock.ts';
import { bring } from './take-version.ts';

/** Brings the pods of a version that was refused to the configuration that runs, when nothing else is under way. */
export function createMoveOn(context: Context) {
  const { haproxy } = context;
  return {
    dueAt(): number {
      const { pods, place, running } = context.state;
      const isSettled = place.kind === 'settled' && (running ?? haproxy.mode === 'command');
      return pods.wanted && isSettled ? 0 : Infinity;
    },
    async run(): Promise<void> {
      const { pods, place } = context.state;
      context.move({ kind: 'pods-taken' });
      if (!pods.wanted || place.kind !== 'settled') return;
      const moved = await podsOnto(context, place.disk, pods.wanted);
      if (moved === place.disk) context.move({ kind: 'pods-taken', of: identityOf(pods.wanted.manifest) });
      else if (moved) await bring(context, moved, new StepClock());
    },
  };
}
