import { Environment } from '../src/index.ts';

/** What templates of the escape tests try to run: it leaves a mark. */
export const MARK = 'escapedMark';
export const PAYLOAD = `globalThis.${MARK}=1`;

const WATCHED: readonly object[] = [
  Object.prototype,
  Function.prototype,
  Array.prototype,
  String.prototype,
  Number.prototype,
  Boolean.prototype,
  Map.prototype,
  Set.prototype,
  Promise.prototype,
  RegExp.prototype,
  Object,
  Function,
  Array,
  globalThis,
];

/** Every own property of the watched objects, with what it holds. */
function photograph(): (readonly [PropertyKey, PropertyDescriptor | undefined])[][] {
  return WATCHED.map((object) =>
    Reflect.ownKeys(object).map((key) => [key, Object.getOwnPropertyDescriptor(object, key)] as const),
  );
}

function changes(before: ReturnType<typeof photograph>): string[] {
  return photograph().flatMap((properties, place) => {
    const known = new Map(before[place] ?? []);
    const changed = properties.filter(([key, now]) => {
      const then = known.get(key);
      return then === undefined || !Object.is(then.value, now?.value) || then.get !== now?.get || then.set !== now?.set;
    });
    const gone = [...known.keys()].filter((key) => !properties.some(([own]) => own === key));
    return [...changed.map(([key]) => String(key)), ...gone.map(String)];
  });
}

/** Text that only the inside of the process can print. */
const INSIDE =
  /\[native code\]|\bfunction\s*\w*\s*\(|=>|\[object |class extends|node:internal|process\.|\bat .*:\d+:\d+/;

export interface Attempt {
  readonly source: string;
  readonly context?: object;
  readonly templates?: Readonly<Record<string, string>>;
}

/** What an attempt came to: nothing, or how it got out. */
export function escapes({ source, context = {}, templates = {} }: Attempt): string | null {
  const before = photograph();
  let shown: string;
  try {
    shown = new Environment({ templates, extensions: ['do', 'loopcontrols'] }).renderString(source, context);
  } catch (error) {
    if (!(error instanceof Error)) return `threw something that is no error: ${String(error)}`;
    if (error instanceof ReferenceError || error instanceof SyntaxError)
      return `the compiled code broke: ${error.message}`;
    shown = error.message;
  }
  const changed = changes(before);
  if (MARK in globalThis) return 'ran code';
  if (changed.length > 0) return `changed ${changed.join(', ')}`;
  return INSIDE.test(shown) ? `showed ${shown.slice(0, 200)}` : null;
}
