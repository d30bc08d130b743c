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

export type FromThread =
  /** The inputs are in place; the time of the render counts from here. */
  | { readonly kind: 'rendering' }
  /** The bytes are handed over, not copied. */
  | { readonly kind: 'rendered'; readonly files: readonly { readonly path: string; readonly bytes: Uint8Array }[] }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'failed'; readonly template: string; readonly line: number | null; readonly reason: string };
