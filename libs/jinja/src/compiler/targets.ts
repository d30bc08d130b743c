import type { Target } from '../parser/nodes.ts';
import type { Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import type { Unit } from './unit.ts';

/** Assignments. */

/** Writes code that puts the value of `code` into a target whose variables are declared. */
export function compileAssignment(unit: Unit, target: Target, code: string, frame: Frame): void {
  if (target.kind === 'name') unit.write(`${frame.scope.slot(target.name)} = ${code};`);
  else if (target.kind === 'namespace-target') {
    const { slot } = namespaceSlot(unit, target.name, frame);
    unit.write(`h.assignAttribute(${slot}, ${quoteCode(target.attribute)}, ${code});`);
  } else {
    const items = unit.names.fresh('u');
    unit.write(`const ${items} = h.unpack(${code}, ${target.items.length});`);
    target.items.forEach((item, index) => compileAssignment(unit, item, `${items}[${index}]`, frame));
  }
}

function namespaceSlot(unit: Unit, name: string, frame: Frame): { slot: string } {
  const slot = frame.scope.slot(name);
  const load = frame.scope.findLoad(slot);
  return { slot: (load?.kind === 'resolve' ? unit.hoisted(frame.scope, slot, name) : null) ?? slot };
}

/** The names a target assigns, those of namespaces left out. */
export function assignedNames(target: Target): readonly string[] {
  if (target.kind === 'name') return [target.name];
  return target.kind === 'tuple-target' ? target.items.flatMap(assignedNames) : [];
}

/** Makes names that were assigned at the top of the template visible to blocks, includes and importers. */
export function publish(unit: Unit, names: readonly string[], frame: Frame, exported: boolean): void {
  if (!frame.toplevel) return;
  for (const name of new Set(names)) {
    const way = name.startsWith('_') ? 'set' : exported ? 'export' : 'hide';
    unit.write(`ctx.${way}(${quoteCode(name)}, ${frame.scope.slot(name)});`);
  }
}
