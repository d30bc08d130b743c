import type { Context } from './context.ts';

const everyMs = 1_000;

/** Servers that were removed: whether their connections have ended. */
export function createSweep(context: Context) {
  const { haproxy, removals, metrics, log } = context;
  let notBefore = 0;
  return {
    dueAt: (): number => (removals.size > 0 && context.state.running ? notBefore : Infinity),
    async run(now: number): Promise<void> {
      notBefore = now + everyMs;
      const { running } = context.state;
      const socket = running && haproxy.runtime(running);
      if (!socket) return;
      for (const outcome of await removals.sweep(socket)) {
        const { kind, backend, server } = outcome;
        if (kind === 'deleted') log.debug({ backend, server, afterMs: Math.round(outcome.afterMs) }, 'server left');
        if (kind === 'stuck') log.debug({ backend, server, reply: outcome.reply }, 'server stays until a reload');
      }
      metrics.leaving(removals.size);
    },
  };
}
