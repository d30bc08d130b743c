import { PythonError, SecurityError, TemplateError, TemplateRuntimeError, UndefinedError } from '../errors.ts';
import { isMapping, mappingKeys, Namespace } from '../values/index.ts';
import { isStackOverflow } from '../nesting.ts';
import type { Context } from './context.ts';
import { nearestNames } from './nearest.ts';
import type { RunnableTemplate } from './template.ts';

/** Makes of whatever was thrown an error that names its place in the template. The innermost place wins. */
export function locateFailure(
  thrown: unknown,
  template: RunnableTemplate,
  at: number,
  context: Context,
): TemplateError {
  const error = toTemplateError(thrown);
  if (error.line !== null) return error;
  const place = template.places[at];
  error.templateName = template.name;
  error.line = place?.line ?? 1;
  const end = place === undefined ? undefined : template.tagEnds.get(place.tag);
  if (place !== undefined && end !== undefined) error.expression = template.source.slice(place.tag, end);
  if (error instanceof UndefinedError && error.missing !== null) {
    error.nearest = nearestNames(error.missing, knownNames(error.owner, context));
  }
  return error;
}

function toTemplateError(thrown: unknown): TemplateError {
  if (thrown instanceof TemplateError) return thrown;
  if (thrown instanceof RangeError) {
    // The engine says this of recursion without an end, and of strings past its own bound.
    const { message } = thrown;
    return isStackOverflow(thrown)
      ? new PythonError('RecursionError', 'maximum recursion depth exceeded')
      : new SecurityError(`a value grew past what can be held: ${message}`);
  }
  return new TemplateRuntimeError(thrown instanceof Error ? thrown.message : String(thrown), {}, { cause: thrown });
}

function* knownNames(owner: unknown, context: Context): Iterable<string> {
  if (owner === undefined) {
    yield* context.vars.keys();
    yield* context.parent.names();
  } else if (owner instanceof Namespace) yield* owner.attributes.keys();
  else if (isMapping(owner)) {
    for (const key of mappingKeys(owner)) if (typeof key === 'string') yield key;
  }
}
