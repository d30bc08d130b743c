import type { FullRenders } from '@flotilla/inputs';
import type { Logger } from '@flotilla/runtime';
import type { Difference, IncrementalResult, RenderProcess } from '@flotilla/template';
import type { Redact } from './secret-words.ts';
import { templatesId } from './templates-id.ts';

export interface MendRenderOptions {
  readonly templates: RenderProcess;
  readonly fullRenders: FullRenders;
  readonly redact: Redact;
  /** Adds a job for the fleet. */
  readonly signal: () => Promise<void>;
  readonly log: Logger;
}

/**
 * What follows when an incremental render was wrong: the memory that it came from is dropped, whichever renderer comes
 * next renders from nothing, and a job publishes that. Gives back what the job has to tell.
 */
export async function mendRender(
  { inputs }: IncrementalResult,
  difference: Difference,
  { templates, fullRenders, redact, signal, log }: MendRenderOptions,
): Promise<string> {
  const words = `an incremental render was wrong: ${wordsOf(difference, redact)}`;
  log.error(
    placeOf(difference),
    `${words}; a full render takes its place, and so it stays for a day or until a template changes, which is slower and right: please report it with the template as a fault of Flotilla`,
  );
  templates.renew();
  await fullRenders.order(templatesId(inputs));
  await signal();
  return `${words}; it was rendered from nothing`;
}

/** Nothing of what was rendered is told: it may hold secrets. */
function wordsOf(difference: Difference, redact: Redact): string {
  if (difference.kind === 'failed') return `a full one fails, ${redact(difference.error.message)}`;
  const { path, line, files } = difference;
  const what = line === null ? `${path} is in one of both only` : `line ${line} of ${path} is the first that differs`;
  return files === 1 ? what : `${what}, and ${files - 1} more of the files differ`;
}

const placeOf = (difference: Difference): object =>
  difference.kind === 'file'
    ? { file: difference.path, line: difference.line }
    : { template: difference.error.place.template, line: difference.error.place.line };
