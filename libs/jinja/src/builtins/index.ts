/** Everything Jinja2 brings along: filters, tests, global functions, the methods of Python's types, `%` formatting. */
export { filters } from './filters/index.ts';
export { formatPercent } from './format/percent.ts';
export { globals } from './globals/index.ts';
export { methods } from './methods/index.ts';
export { tests } from './tests.ts';
