import type { For } from '../parser/nodes.ts';
import type { Frame } from './frame.ts';
import { quoteCode } from './literals.ts';
import { hasOwn, type LoopUse } from './loop-use.ts';
import { slotOf } from './names.ts';
import { findReads, type Reads } from './reads.ts';
import { assignedNames } from './targets.ts';
import type { Unit } from './unit.ts';

/** Loops whose bodies' texts are remembered from one render to the next: runtime/loop-memory.ts. */

/** The generated variables of a remembered loop. */
export interface Remembered {
  readonly reads: Reads;
  readonly memory: string;
  /** Holds what was printed before the iteration. */
  readonly before: string;
  /** Names the body, so that `continue` leaves it and nothing else. */
  readonly label: string;
}

/** How to remember a loop; null when its bodies depend on more than their items and what stands still meanwhile. */
export function rememberedLoop(unit: Unit, node: For, use: LoopUse, outer: Frame): Remembered | null {
  if (!outer.remembers || outer.checkOutput || use.kind === 'object' || hasOwn('break', node.body)) return null;
  // An item that is left by `continue` does not count for `else`, which a text alone does not tell.
  if (node.otherwise.length > 0 && hasOwn('continue', node.body)) return null;
  const reads = findReads(unit, node.body, [...assignedNames(node.target), ...use.aliases, 'loop']);
  if (reads === null) return null;
  return { reads, memory: unit.names.fresh('m'), before: unit.names.fresh('o'), label: unit.names.fresh('b') };
}

/** Code of what was read, as an array's items. Evaluated once a loop: nothing that runs meanwhile can change it. */
export function readsCode(unit: Unit, reads: Reads, frame: Frame): string {
  const names = [...reads.names].map((name) => outerValue(unit, name, frame));
  const locals = [...frame.scope.visibleStores()].map(([name, slot]) => `[${quoteCode(name)}, ${slot}]`).join(', ');
  const includes = reads.includes.map(({ name, withContext, own }) => {
    // An included template sees `loop` only where the body mentions it, and then nothing is remembered.
    const hidden = [...own].filter((each) => each !== 'loop').map(quoteCode);
    const context = withContext ? `[${locals}]` : 'null';
    return `...h.includeReads(rt, ctx, ${quoteCode(name)}, ${context}, [${hidden.join(', ')}])`;
  });
  return [...(reads.mutates ? ['h.MUTATES'] : []), ...names, ...includes].join(', ');
}

function outerValue(unit: Unit, name: string, frame: Frame): string {
  return frame.scope.find(name) === undefined ? unit.body.resolve(name) : slotOf(unit, name, frame).slot;
}

/** What a body's text takes from the place of its item: two values, the same for the same place. */
export function placeCode(loop: { readonly use: LoopUse; readonly index: string; readonly items: string }): string {
  const { use, index, items } = loop;
  const has = (...names: string[]): boolean => names.some((name) => use.attributes.has(name));
  const position = has('index', 'index0', 'revindex', 'revindex0') ? index : has('first') ? `${index} === 0` : '0';
  const size = has('length', 'revindex', 'revindex0')
    ? `${items}.length`
    : has('last')
      ? `${index} === ${items}.length - 1`
      : '0';
  return `${position}, ${size}`;
}

/** Whether a body's text takes nothing from its item's place but the index, if that. */
export const isPlacedByIndex = ({ attributes }: LoopUse): boolean =>
  [...attributes].every((name) => name === 'index' || name === 'index0');
