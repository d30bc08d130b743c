import { TemplateSyntaxError, type Place } from './errors.ts';

/** Whether the engine ran out of stack. */
export function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.startsWith('Maximum call stack');
}

/**
 * Runs a step of compiling. The steps follow the template's nesting, so where the stack ends, the template is to blame.
 * @param place how far the step has come
 * @throws TemplateSyntaxError for a template that is nested too deeply
 */
export function withinStack<T>(step: () => T, place: () => Place): T {
  try {
    return step();
  } catch (error) {
    if (!isStackOverflow(error)) throw error;
    throw new TemplateSyntaxError('the template is nested too deeply', place());
  }
}
