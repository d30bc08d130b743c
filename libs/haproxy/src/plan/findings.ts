import { lineNumberOf, type ConfigModel } from '../model/config.ts';
import type { Line } from '../model/line.ts';
import type { Section } from '../model/section.ts';
import { redactConfigSecrets } from '../process/redact.ts';
import type { Operation, ReloadReason } from './operation.ts';

/** What forces a reload: a line of the configuration, or a file as a whole. */
export type Forced =
  | {
      readonly kind: 'line';
      readonly model: ConfigModel;
      readonly section: Section;
      readonly line: Line | undefined;
      readonly why: string;
      /** The operations beside it serve all the same; the reload only makes it right. */
      readonly serves?: true;
    }
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly line?: number;
      readonly text?: string;
      readonly why: string;
    };

/** Result of comparing one part: what can be done at runtime, and what cannot. */
export interface Findings {
  readonly operations: readonly Operation[];
  readonly forced: readonly Forced[];
}

export const nothing: Findings = { operations: [], forced: [] };
export const operations = (...found: Operation[]): Findings => ({ operations: found, forced: [] });
export const forces = (...forced: Forced[]): Findings => ({ operations: [], forced });

export const merge = (all: readonly Findings[]): Findings => ({
  operations: all.flatMap((one) => one.operations),
  forced: all.flatMap((one) => one.forced),
});

export const configFile = 'haproxy.cfg';

/** Spells out the reason; only done for the one that is shown, because it counts lines. */
export function reasonFor(forced: Forced): ReloadReason {
  if (forced.kind === 'file') return { file: forced.file, line: forced.line, text: forced.text ?? '', why: forced.why };
  const line = forced.line ?? forced.section.lines[0];
  const text = (line?.text ?? '').trim();
  return {
    file: configFile,
    line: line ? lineNumberOf(forced.model, forced.section, line) : undefined,
    text: redactConfigSecrets(text, text),
    why: forced.why,
  };
}
