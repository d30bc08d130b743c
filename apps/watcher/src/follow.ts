import { type Cluster, type Source, type SourceEvent, type SourcePosition, sourcePosition } from '@flotilla/domain';

export interface Following {
  /** What follows the source now: a state was applied and the store can be followed. */
  isCurrent(): boolean;
  /** The source's position that the cluster model stands at. */
  readonly position: SourcePosition;
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
  let position = sourcePosition('');
  let hasState = false;
  const run = async (): Promise<void> => {
    for await (const event of source.follow(options.signal)) {
      if (event.kind === 'state') cluster.replace(event.objects, event.position);
      else cluster.apply(event.changes);
      ({ position } = event);
      hasState = true;
      options.onEvent(event);
    }
  };
  return {
    isCurrent: () => hasState && source.status.synced,
    get position() {
      return position;
    },
    ended: run(),
  };
}
