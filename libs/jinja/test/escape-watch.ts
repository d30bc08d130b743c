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

type Render = () => string;

/** What a render showed, its error's message included, or how it broke out. */
function look(render: Render): { readonly shown: string } | { readonly broke: string } {
  try {
    return { shown: render() };
  } catch (error) {
    if (!(error instanceof Error)) return { broke: `threw something that is no error: ${String(error)}` };
    if (error instanceof ReferenceError || error instanceof SyntaxError)
      return { broke: `the compiled code broke: ${error.message}` };
    return { shown: error.message };
  }
}

/** How one of several renders got out, or null when none did. */
export function watch(renders: Iterable<Render>): string | null {
  const before = photograph();
  for (const render of renders) {
    const seen = look(render);
    if (MARK in globalThis) return 'ran code';
    if ('broke' in seen) return seen.broke;
    if (INSIDE.test(seen.shown)) return `showed ${seen.shown.slice(0, 200)}`;
  }
  const changed = changes(before);
  return changed.length > 0 ? `changed ${changed.join(', ')}` : null;
}

/** What an attempt came to: null, or how it got out. */
export function escapes({ source, context = {}, templates = {} }: Attempt): string | null {
  return watch([() => environment(templates).renderString(source, context)]);
}

export function environment(templates: Attempt['templates'] = {}): Environment {
  return new Environment({ templates, extensions: ['do', 'loopcontrols'] });
}
