import { SealError, type WishKind, reasonOf } from '@flotilla/domain';
import { type Agent, type NodeWishes, type Logger, pause, withDeadline } from '@flotilla/runtime';

const everyMs = 2_000;
const answerMs = 10_000;

/**
 * Does what operators ask of this node, each wish once, until the signal is aborted. A wish that is not sealed for this
 * very agent is left alone: it is of someone without the key, or was for the agent before this one.
 */
export async function obeyWishes(options: {
  wishes: NodeWishes;
  agent: Agent;
  obey: Readonly<Record<WishKind, () => void>>;
  log: Logger;
  signal: AbortSignal;
}): Promise<void> {
  const { wishes, agent, obey, log, signal } = options;
  const obeyed = new Set<string>();
  let isRefused = false;
  while (!signal.aborted) {
    try {
      const found = await withDeadline(wishes.read(agent), answerMs, 'looking for a wish', signal);
      if (found) {
        const { id, kind } = found.wish;
        if (!obeyed.has(id)) {
          obeyed.add(id);
          log.warn({ wish: kind }, 'an operator asks for it');
          obey[kind]();
        }
        await found.pending.drop();
      }
      isRefused = false;
    } catch (error) {
      // Of an outage of Redis its connection tells.
      if (error instanceof SealError && !isRefused) log.warn({ reason: reasonOf(error) }, 'a wish is not obeyed');
      isRefused ||= error instanceof SealError;
    }
    await pause(everyMs, signal);
  }
}
