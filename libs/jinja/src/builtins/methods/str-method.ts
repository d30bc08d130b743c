import {
  builtin,
  textOf,
  type Builtin,
  type Markup,
  type ParameterNotation,
  type Runtime,
  type Value,
} from '../../values/index.ts';

/** A method's work on the characters of a str or Markup. */
export type StrRun = (self: string, args: readonly Value[], runtime: Runtime) => Value;

/** Declares a method of str; `parameters` are those after the object itself. */
export function strMethod(name: string, parameters: readonly ParameterNotation[], run: StrRun): Builtin {
  return builtin(name, ['self', ...parameters], (runtime, [self = '', ...args]) =>
    run(textOf(self as string | Markup), args, runtime),
  );
}
