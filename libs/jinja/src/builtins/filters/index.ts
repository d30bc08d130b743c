import type { Builtin } from '../../values/index.ts';
import { byName } from '../methods/index.ts';
import { htmlFilters } from './html.ts';
import { jsonFilter } from './json.ts';
import { numberFilters } from './number.ts';
import { orderFilters } from './order.ts';
import { pprintFilter } from './pprint.ts';
import { selectFilters } from './select.ts';
import { sequenceFilters } from './sequence.ts';
import { textFilters } from './text.ts';
import { urlizeFilter } from './urlize.ts';
import { valueFilters } from './value.ts';

/** Jinja2 3.1's filters by name. */
export const filters: ReadonlyMap<string, Builtin> = byName([
  ...htmlFilters,
  ...numberFilters,
  ...orderFilters,
  ...selectFilters,
  ...sequenceFilters,
  ...textFilters,
  ...valueFilters,
  jsonFilter,
  pprintFilter,
  urlizeFilter,
]);
