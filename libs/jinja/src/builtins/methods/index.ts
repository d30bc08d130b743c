import type { Builtin, MethodTables } from '../../values/index.ts';
import { dictMethods } from './dict.ts';
import { listMethods, rangeMethods, tupleMethods } from './list.ts';
import { markupMethods } from './markup.ts';
import { floatMethods, intMethods } from './number.ts';
import { caseMethods } from './str-cases.ts';
import { encodingMethods } from './str-encoding.ts';
import { paddingMethods } from './str-padding.ts';
import { partMethods } from './str-parts.ts';
import { searchMethods } from './str-search.ts';

/** Builtins by name: a Map, so that no name but these exists. */
export function byName(builtins: readonly Builtin[]): ReadonlyMap<string, Builtin> {
  return new Map(builtins.map((each) => [each.name, each]));
}

const str = byName([...caseMethods, ...encodingMethods, ...paddingMethods, ...partMethods, ...searchMethods]);
const int = byName(intMethods);

/** All methods a template can call, by the type of their object. */
export const methods: MethodTables = {
  str,
  markup: byName(markupMethods(str)),
  list: byName(listMethods),
  tuple: byName(tupleMethods),
  range: byName(rangeMethods),
  dict: byName(dictMethods),
  int,
  float: byName(floatMethods),
  bool: int,
};
