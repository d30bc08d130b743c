import type { Arguments, Expression } from '../parser/nodes.ts';
import type { Unit } from './unit.ts';

/** Which expressions give the same value from the same values, and leave everything as it was. */

/** Chance, and what tells two equal lists apart. */
const UNREPEATABLE = { filter: new Set(['random']), test: new Set(['sameas']) };

/** Filters that are given the name of another filter or test, and at which place. */
const APPLYING: Readonly<Record<string, { readonly kind: 'filter' | 'test'; readonly at: number }>> = {
  map: { kind: 'filter', at: 0 },
  select: { kind: 'test', at: 0 },
  reject: { kind: 'test', at: 0 },
  selectattr: { kind: 'test', at: 1 },
  rejectattr: { kind: 'test', at: 1 },
};

/** Whether computing it again gives the same; of its parts nothing is said. Calls depend on what is called. */
export function isRepeatable(unit: Unit, node: Expression): boolean {
  if (node.kind !== 'filter' && node.kind !== 'test') return true;
  if (!isKnown(unit, node.kind, node.name)) return false;
  const applying = node.kind === 'filter' ? (Object.hasOwn(APPLYING, node.name) ? APPLYING[node.name] : null) : null;
  return !applying || appliesKnown(unit, applying, node.args);
}

/** Filters and tests of a caller may do anything. */
function isKnown(unit: Unit, kind: 'filter' | 'test', name: string): boolean {
  return unit.builtin(kind, name) !== null && !UNREPEATABLE[kind].has(name);
}

function appliesKnown(unit: Unit, { kind, at }: { kind: 'filter' | 'test'; at: number }, args: Arguments): boolean {
  if (args.spread !== null || args.keywordSpread !== null) return false;
  const name = args.positional[at];
  if (name === undefined) return true;
  if (name.kind !== 'constant' || typeof name.value !== 'string') return false;
  return isKnown(unit, kind, name.value) && !(kind === 'filter' && Object.hasOwn(APPLYING, name.value));
}

const MUTATORS = new Set('append clear extend insert pop popitem remove reverse setdefault sort update'.split(' '));

/**
 * Whether it may change a list or mapping in place. Methods are known by their names, wherever one is asked for;
 * what is called without a name may be a method that was got at in another way.
 * @param own names whose values are made here
 */
export function mayMutate(node: Expression, own: ReadonlySet<string>): boolean {
  switch (node.kind) {
    case 'attribute':
      return MUTATORS.has(node.name);
    case 'item':
      return isMutator(node.key);
    case 'filter':
      return (
        node.name === 'attr' && !node.args.positional.every((name) => name.kind === 'constant' && !isMutator(name))
      );
    case 'call':
      return node.callee.kind === 'name' ? own.has(node.callee.name) : node.callee.kind !== 'attribute';
    default:
      return false;
  }
}

const isMutator = (key: Expression): boolean =>
  key.kind === 'constant' && typeof key.value === 'string' && MUTATORS.has(key.value);
