import { readFileSync } from 'node:fs';

/**
 * A plugin of esbuild that plants a fault into the render process: what may change unseen is taken for what never
 * changes, so that an incremental render gives stale text. Render `staleTemplate` to see it.
 */
export const staleRenders = {
  name: 'stale-renders',
  setup({ onLoad }: { onLoad: (options: { filter: RegExp }, load: (file: { path: string }) => Loaded) => void }): void {
    onLoad({ filter: /jinja\/src\/runtime\/standing-still\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const faulty = source.replace('value === UNSEEN || ', '');
      if (faulty === source)
        throw new Error('there is nothing to plant the fault in: standing-still.ts is another one');
      return { contents: faulty, loader: 'ts' };
    });
  },
};

interface Loaded {
  readonly contents: string;
  readonly loader: 'ts';
}

/**
 * What a template has to hold to be rendered wrongly by `staleRenders`: a macro that imports gets at `services` in a way
 * that is not followed. Called in a loop over services it tells how many there are, and stale lines a former number.
 */
export const staleParts = {
  macro: '{% macro seen() %}{% import "seen" as lib with context %}{{ lib.text }}{% endmacro %}',
  /** The configmap's key `seen`. */
  seen: '{% set text = services|length %}',
  call: '{{ seen() }}',
} as const;
