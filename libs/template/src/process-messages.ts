import type { InputField } from '@flotilla/domain';
import type { TemplateSettings } from './settings.ts';

export type ToProcess =
  /** The first message. */
  | {
      readonly kind: 'start';
      readonly settings: TemplateSettings;
      readonly outputBytes: number;
      readonly timeoutMs: number;
    }
  | { readonly kind: 'update'; readonly changes: readonly (readonly [InputField, string | null])[] }
  /** `seed`: what chance depends on; the same inputs and the same seed give the same files. */
  | { readonly kind: 'render'; readonly seed: number };

/**
 * A rendered file, as what changed since this process's last answer: that many bytes of it stay at the head, that many
 * at the tail, and `bytes` come between them. A new file keeps nothing.
 */
export interface FilePatch {
  readonly path: string;
  readonly head: number;
  readonly tail: number;
  readonly bytes: Uint8Array;
}

export type FromProcess =
  /** The inputs are in place; the time of the render counts from here. */
  | { readonly kind: 'rendering' }
  | { readonly kind: 'rendered'; readonly files: readonly FilePatch[] }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly template: string; readonly line: number | null; readonly reason: string };
