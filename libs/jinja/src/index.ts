/**
 * Jinja2 3.1's template language, as a sandbox.
 *
 *     const env = new Environment({ templates: { 'a.j2': '{% for pod in pods if pod.ip %}{{ pod.ip }}{% endfor %}' }, trimBlocks: true });
 *     env.render('a.j2', { pods }); // or env.renderString(source, context), env.compile(source).render(context)
 *
 * Options carry Jinja2's meaning under camelCase names. A context is an object, a Map, or JSON text; `parseJson` and JSON
 * text keep the order of keys that look like integers, and 1.0 a float. Whatever a template does wrong is a
 * `TemplateError` with `templateName`, `line` and `expression`, an `UndefinedError` also with the `nearest` known names.
 *
 * Other than in Jinja2, on purpose: members are own keys and a fixed table of methods, so `__class__` and its like are
 * undefined; `range`, repetition, integers and texts have limits (`SecurityError`); Python 2's `iteritems` family works;
 * an include without context works inside of macros; a keyword given twice is a `TemplateSyntaxError`, as it has a line.
 * Not there: complex numbers, sets (views of dicts compare, but have no `-`), `\N{…}` in strings.
 */
export * from './environment.ts';
export * from './errors.ts';
export type { EnvironmentOptions, HostCallback } from './options.ts';
export { LoopMemory } from './runtime/loop-memory.ts';
export type { Expression, Statement, Target, TemplateTree } from './parser/nodes.ts';
export { filters, globals, tests } from './builtins/index.ts';
export type { Piece } from './runtime/pieces.ts';
export {
  Dict,
  Float,
  makeFloat,
  Markup,
  parseJson,
  repr,
  str,
  Tuple,
  Undefined,
  type Limits,
  type UndefinedName,
  type Value,
} from './values/index.ts';
