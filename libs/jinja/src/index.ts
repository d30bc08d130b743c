export * from './environment.ts';
export * from './errors.ts';
export type { EnvironmentOptions, HostCallback } from './options.ts';
export { LoopMemory } from './runtime/loop-memory.ts';
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
