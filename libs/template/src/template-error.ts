import { FlotillaError } from '@flotilla/domain';
import type { RenderLimits } from './settings.ts';

/** Where a template failed. */
export interface TemplatePlace {
  /** The key of the configmap `config`. */
  readonly template: string;
  readonly line: number | null;
}

/**
 * Thrown when a template cannot be rendered. Codes: `template` (its own fault), `template-missing` (there is none).
 * `place` says which one and where, as far as it is known.
 */
export class TemplateError extends FlotillaError {
  readonly place: TemplatePlace;

  constructor(code: 'template' | 'template-missing', reason: string, place: TemplatePlace, cause?: unknown) {
    const where = place.line === null ? '' : `, line ${place.line}`;
    super(code, `template "${place.template}"${where}: ${reason}`, { cause, data: { ...place } });
    this.place = place;
  }
}

/** Thrown when a render went past a limit. It does not happen again by itself unless the template or the inputs are the cause. */
export class TemplateLimitError extends FlotillaError {
  readonly limit: keyof RenderLimits;

  constructor(limit: keyof RenderLimits, limits: RenderLimits) {
    super('template-limit', reasons[limit](limits), { data: { limit, value: limits[limit] } });
    this.limit = limit;
  }
}

const reasons: Record<keyof RenderLimits, (limits: RenderLimits) => string> = {
  timeoutMs: ({ timeoutMs }) =>
    `rendering took longer than ${timeoutMs} ms and was stopped: look for an endless or very long loop, or raise FLOTILLA_RENDER_TIMEOUT_MS`,
  heapMb: ({ heapMb }) =>
    `rendering needed more than ${heapMb} MB of memory and was stopped: look for a list or text that grows in a loop, or raise FLOTILLA_RENDER_HEAP_MB`,
  outputBytes: ({ outputBytes }) =>
    `the rendered files are larger than ${Math.round(outputBytes / 1024 / 1024)} MiB together: look for a loop inside of a loop, or raise FLOTILLA_RENDER_OUTPUT_MB`,
};
