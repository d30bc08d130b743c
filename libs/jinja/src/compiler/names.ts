import type { Expression } from '../parser/nodes.ts';
import type { Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import type { Unit } from './unit.ts';

/** Reading variables and their parts. */

/** A variable that may turn out to be undefined: code of the bare slot, which is JavaScript's undefined then. */
export interface Slot {
  readonly slot: string;
  readonly certain: boolean;
}

export function slotOf(unit: Unit, name: string, frame: Frame): Slot {
  const slot = frame.scope.slot(name);
  const load = frame.scope.findLoad(slot);
  const hoisted = load?.kind === 'resolve' ? unit.hoisted(frame.scope, slot, name) : null;
  if (hoisted !== null) return { slot: hoisted, certain: false };
  return { slot, certain: load?.kind === 'parameter' && !frame.unboundParameters.has(slot) };
}

export function undefinedName(name: string): string {
  return `rt.undefinedName(${quoteCode(name)})`;
}

export function compileName(unit: Unit, name: string, frame: Frame): string {
  const { slot, certain } = slotOf(unit, name, frame);
  return certain ? slot : `(${slot} === undefined ? ${undefinedName(name)} : ${slot})`;
}

/** Names that an object literal has without owning them. */
function isInherited(name: string): boolean {
  return name in Object.prototype;
}

/**
 * Code of `object.name` or `object['name']`. For a plain object the own property is read on the spot; everything else
 * goes through the table of what a template may reach. A method of dicts hides a key behind `.`, but not in `[]`.
 */
export function compileMember(
  unit: Unit,
  object: Expression,
  code: string,
  name: string,
  way: 'attribute' | 'item',
): string {
  const general = way === 'attribute' ? 'h.getAttribute' : 'h.getItem';
  const key = quoteCode(name);
  const hidden = way === 'attribute' && unit.options.runtime.methods.dict.has(name);
  if (hidden || isInherited(name) || object.kind === 'constant') return `${general}(rt, ${code}, ${key})`;
  const value = unit.body.temporary();
  const part = unit.body.temporary();
  return (
    `((${value} = ${code}) !== null && typeof ${value} === 'object' && protoOf(${value}) === plain` +
    ` && (${part} = ${value}[${key}]) !== undefined ? ${part} : ${general}(rt, ${value}, ${key}))`
  );
}
