import { type FleetName, FlotillaError, type RenderSetback } from '@flotilla/domain';

/** Where a render can fail. */
export type Stage = 'read' | 'render' | 'bundle' | 'compare' | 'check' | 'publish';

/** What a render was about: where the inputs stood, and what had changed. */
export type RenderAbout = Pick<RenderSetback, 'revision' | 'changes' | 'changeCount'>;

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
    readonly about: RenderAbout = { revision: null, changes: [], changeCount: 0 },
  ) {
    super(code, `fleet ${fleet}: ${reason}`, { data: { fleet, stage } });
    this.stage = stage;
  }

  /** What the job's history keeps beside the message. */
  get setback(): Omit<RenderSetback, 'since'> {
    const { stage, code, about } = this;
    return { stage, code, ...about };
  }

  /** The same failure with what it was about, and more words. */
  with(about: RenderAbout, more = ''): RenderFailure {
    return new RenderFailure(this.fleet, this.stage, this.code, `${this.reason}${more}`, about);
  }
}

/** Whether an error of a render says that of its inputs, before it becomes the job's failure. */
export const isFinal = (error: unknown): boolean => error instanceof FlotillaError && finalCodes.has(error.code);

const finalCodes = new Set(['template', 'template-missing', 'template-limit', 'haproxy-refuses', 'bundle']);
