import { FilterArgumentError, TemplateRuntimeError } from '../../errors.ts';
import {
  builtin,
  iterate,
  OneShot,
  quote,
  repr,
  truthy,
  isText,
  textOf,
  type Builtin,
  type Callable,
  type Kwargs,
  type Runtime,
  type Value,
} from '../../values/index.ts';
import { attributeGetter, type Getter } from './attribute.ts';

function named(table: ReadonlyMap<string, Callable>, kind: 'filter' | 'test', name: Value): Callable {
  const found = isText(name) ? table.get(textOf(name)) : undefined;
  if (found === undefined) throw new TemplateRuntimeError(`No ${kind} named ${repr(name)}.`);
  return found;
}

/** What `map` does to an item: look an attribute up, or apply a filter. */
function mapper(runtime: Runtime, args: readonly Value[], kwargs: Kwargs): Getter {
  if (args.length === 0 && kwargs.has('attribute')) {
    const unexpected = [...kwargs.keys()].find((name) => name !== 'attribute' && name !== 'default');
    if (unexpected !== undefined) throw new FilterArgumentError(`Unexpected keyword argument ${quote(unexpected)}`);
    return attributeGetter(runtime, kwargs.get('attribute') ?? null, kwargs.get('default') ?? null);
  }
  const [name, ...rest] = args;
  if (name === undefined) throw new FilterArgumentError('map requires a filter argument');
  return (item) => named(runtime.filters, 'filter', name).call(runtime, [item, ...rest], kwargs);
}

function* mapped(runtime: Runtime, value: Value, args: readonly Value[], kwargs: Kwargs): Iterable<Value> {
  if (!truthy(value)) return;
  const map = mapper(runtime, args, kwargs);
  for (const item of iterate(value)) yield map(item);
}

/** Whether an item passes: a test of it (or of its attribute), or its truth. */
function predicate(
  runtime: Runtime,
  args: readonly Value[],
  kwargs: Kwargs,
  byAttribute: boolean,
): (item: Value) => boolean {
  const [attribute] = args;
  if (byAttribute && attribute === undefined) throw new FilterArgumentError('Missing parameter for attribute name');
  const get = byAttribute ? attributeGetter(runtime, attribute ?? null) : (item: Value) => item;
  const [name, ...rest] = byAttribute ? args.slice(1) : args;
  if (name === undefined) return (item) => truthy(get(item));
  return (item) => truthy(named(runtime.tests, 'test', name).call(runtime, [get(item), ...rest], kwargs));
}

interface Choice {
  readonly keep: boolean;
  readonly byAttribute: boolean;
}

function* chosen(
  runtime: Runtime,
  choice: Choice,
  value: Value,
  args: readonly Value[],
  kwargs: Kwargs,
): Iterable<Value> {
  if (!truthy(value)) return;
  const passes = predicate(runtime, args, kwargs, choice.byAttribute);
  for (const item of iterate(value)) if (passes(item) === choice.keep) yield item;
}

function chooser(name: string, choice: Choice): Builtin {
  return builtin(
    name,
    ['value', '*args', '**kwargs'],
    (runtime, [value = null, args = [], kwargs = null]) =>
      new OneShot(chosen(runtime, choice, value, args as readonly Value[], kwargs as Kwargs)),
  );
}

/** Filters that apply another filter or a test to every item, when it is asked for. */
export const selectFilters: readonly Builtin[] = [
  builtin(
    'map',
    ['value', '*args', '**kwargs'],
    (runtime, [value = null, args = [], kwargs = null]) =>
      new OneShot(mapped(runtime, value, args as readonly Value[], kwargs as Kwargs)),
  ),
  chooser('select', { keep: true, byAttribute: false }),
  chooser('reject', { keep: false, byAttribute: false }),
  chooser('selectattr', { keep: true, byAttribute: true }),
  chooser('rejectattr', { keep: false, byAttribute: true }),
];
