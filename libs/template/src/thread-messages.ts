import type { InputField } from '@flotilla/domain';
import type { TemplateSettings } from './settings.ts';

/** What the thread is started with. */
export interface ThreadData {
  readonly settings: TemplateSettings;
  readonly outputBytes: number;
}

export type ToThread =
  | { readonly kind: 'update'; readonly changes: readonly (readonly [InputField, string | null])[] }
  | { readonly kind: 'render' };

/** A rendered file. Its bytes are handed over, not copied; null when they are those of this thread's last answer. */
export interface ThreadFile {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

export type FromThread =
  /** The inputs are in place; the time of the render counts from here. */
  | { readonly kind: 'rendering' }
  | { readonly kind: 'rendered'; readonly files: readonly ThreadFile[] }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly template: string; readonly line: number | null; readonly reason: string };
