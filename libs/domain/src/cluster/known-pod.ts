import { isJsonObject, parseJsonObject } from '../json.ts';
import { isReady } from '../readiness.ts';
import type { Labels } from '../selector.ts';

/** A pod, parsed once: what selection needs of it, and its text for the template. */
export type KnownPod =
  | { readonly kind: 'ready'; readonly text: string; readonly labels: Labels }
  | { readonly kind: 'unready' }
  /** The stored value is no JSON object, so it is no backend either. */
  | { readonly kind: 'unreadable'; readonly reason: string };

export function readPod(text: string): KnownPod {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return { kind: 'unreadable', reason: parsed.reason };
  if (!isReady(parsed.value)) return { kind: 'unready' };
  const { metadata } = parsed.value;
  return { kind: 'ready', text, labels: isJsonObject(metadata) ? labelsOf(metadata['labels']) : {} };
}

function labelsOf(value: unknown): Labels {
  if (!isJsonObject(value)) return {};
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}
