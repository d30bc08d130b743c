import { type FleetName, FlotillaError } from '@flotilla/domain';

/** Where a render can fail. */
export type Stage = 'read' | 'render' | 'bundle' | 'compare' | 'check' | 'publish';

/**
 * Why a fleet has no new version; it becomes the job's reason. The message is free of secrets, and the cause is left
 * out on purpose: it may quote them.
 */
export class RenderFailure extends FlotillaError {
  readonly stage: Stage;

  /** No repetition mends it: only other inputs or other settings do. */
  get isFinal(): boolean {
    return finalCodes.has(this.code);
  }

  constructor(
    readonly fleet: FleetName,
    stage: Stage,
    code: string,
    readonly reason: string,
  ) {
    super(code, `fleet ${fleet}: ${reason}`, { data: { fleet, stage } });
    this.stage = stage;
  }

  /** The same failure with more to tell. */
  with(more: string): RenderFailure {
    return more === '' ? this : new RenderFailure(this.fleet, this.stage, this.code, `${this.reason}${more}`);
  }
}

/** Whether an error of a render says that of its inputs, before it becomes the job's failure. */
export const isFinal = (error: unknown): boolean => error instanceof FlotillaError && finalCodes.has(error.code);

const finalCodes = new Set(['template', 'template-missing', 'template-limit', 'haproxy-refuses', 'bundle']);
