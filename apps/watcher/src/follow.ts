import type { Cluster, Source, SourceEvent } from '@flotilla/domain';

export interface Following {
  /** What follows the source now: a state was applied and the store can be followed. */
  isCurrent(): boolean;
  /** The store's index that the cluster model stands at. */
  readonly index: number;
  /** Ends with the source. Rejects only when there is a bug. */
  readonly ended: Promise<void>;
}

/**
 * Carries every event of the source into the cluster model, then wakes those who write. Nothing slow happens here:
 * a source whose reader is late loses its stream. What arrives while a write is under way is collected by the model.
 */
export function follow(
  source: Source,
  cluster: Cluster,
  options: { signal: AbortSignal; onEvent: (event: SourceEvent) => void },
): Following {
  let index = 0;
  let hasState = false;
  const run = async (): Promise<void> => {
    for await (const event of source.follow(options.signal)) {
      if (event.kind === 'state') cluster.replace(event.objects, event.index);
      else cluster.apply(event.changes);
      index = event.index;
      hasState = true;
      options.onEvent(event);
    }
  };
  return {
    isCurrent: () => hasState && source.status.synced,
    get index() {
      return index;
    },
    ended: run(),
  };
}
