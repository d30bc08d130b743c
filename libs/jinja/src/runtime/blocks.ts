import { TemplateRuntimeError } from '../errors.ts';
import { Callable, Instance, Markup, quote, type Kwargs, type Runtime, type Value } from '../values/index.ts';
import type { Context, Render } from './context.ts';

/** Blocks while a template renders: calling them, `super` and `self`. */

/** A block that can be called: `super()` or `self.name()`. */
class BlockReference extends Callable {
  readonly typeName = 'BlockReference';
  constructor(
    readonly name: string,
    private readonly rt: Runtime,
    private readonly context: Context,
    private readonly depth: number,
  ) {
    super();
  }
  override get moduleName(): string {
    return 'jinja2.runtime';
  }
  call(runtime: Runtime, _args: readonly Value[], _kwargs: Kwargs): Value {
    const render = this.context.blocks.get(this.name)?.[this.depth];
    const text = render === undefined ? '' : render(this.context);
    return runtime.autoescape ? new Markup(text) : text;
  }
  override attribute(name: string): Value | undefined {
    return name === 'super' ? blockAt(this.rt, this.context, this.name, this.depth + 1) : undefined;
  }
}

function blockAt(rt: Runtime, context: Context, name: string, depth: number): Value {
  const exists = context.blocks.get(name)?.[depth] !== undefined;
  return exists
    ? new BlockReference(name, rt, context, depth)
    : rt.undefinedHint(`there is no parent block called ${quote(name)}.`, 'super');
}

/** The block that `current` overrides. */
export function superBlock(rt: Runtime, context: Context, name: string, current: Render | undefined): Value {
  const stack = context.blocks.get(name) ?? [];
  const index = current === undefined ? -1 : stack.indexOf(current);
  return blockAt(rt, context, name, index < 0 ? Number.POSITIVE_INFINITY : index + 1);
}

/** `self`: the blocks of the template by name. */
export class TemplateReference extends Instance {
  readonly typeName = 'TemplateReference';
  constructor(
    private readonly rt: Runtime,
    private readonly context: Context,
  ) {
    super();
  }
  override get moduleName(): string {
    return 'jinja2.runtime';
  }
  override item(key: Value): Value | undefined {
    if (typeof key !== 'string' || !this.context.blocks.has(key)) return undefined;
    return new BlockReference(key, this.rt, this.context, 0);
  }
  override repr(): string {
    const { templateName } = this.context;
    return `<TemplateReference ${templateName === null ? 'None' : quote(templateName)}>`;
  }
}

export function renderBlock(_rt: Runtime, context: Context, name: string): string {
  return context.blocks.get(name)?.[0]?.(context) ?? '';
}

/** A required block must have been overridden by the time it is rendered. */
export function requireBlock(context: Context, name: string): void {
  if ((context.blocks.get(name)?.length ?? 0) <= 1)
    throw new TemplateRuntimeError(`Required block ${quote(name)} not found`);
}
