import { TemplateNotFound, TemplateRuntimeError } from '../errors.ts';
import { quote, type Value } from '../values/index.ts';
import type { Context } from './context.ts';
import type { RenderRuntime } from './render-runtime.ts';
import type { RunnableTemplate, TemplateModule } from './template.ts';

/** What a template does with other templates. */

type Locals = readonly (readonly [string, Value | undefined])[];

/** @param locals variables the included template sees besides the context; null: it sees neither */
export function include(
  rt: RenderRuntime,
  context: Context,
  name: Value,
  ignoreMissing: boolean,
  locals: Locals | null,
): string {
  let template: RunnableTemplate;
  try {
    template = rt.templateOrFirst(name);
  } catch (error) {
    if (ignoreMissing && error instanceof TemplateNotFound) return '';
    throw error;
  }
  return locals === null ? rt.module(template, null).text : rt.include(template, context.all(locals));
}

export function importModule(rt: RenderRuntime, context: Context, name: Value, locals: Locals | null): TemplateModule {
  return rt.module(rt.template(name), locals === null ? null : context.all(locals));
}

export function importName(rt: RenderRuntime, module: TemplateModule, name: string, position: string): Value {
  const value = module.attribute(name);
  if (value !== undefined) return value;
  const template = module.templateName === null ? 'None' : quote(module.templateName);
  return rt.undefinedHint(
    `the template ${template} (imported on ${position}) does not export the requested name ${quote(name)}`,
    name,
  );
}

/** Notes the parent's blocks below the template's own; the parent renders when the template is through. */
export function extend(rt: RenderRuntime, context: Context, name: Value): RunnableTemplate {
  const parent = rt.template(name);
  for (const [block, render] of parent.blocks) context.addBlock(block, render);
  return parent;
}

export function extendedTwice(): TemplateRuntimeError {
  return new TemplateRuntimeError('extended multiple times');
}
