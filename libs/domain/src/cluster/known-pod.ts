import { isJsonObject, parseJsonObject } from '../json.ts';
import type { ObjectKey } from '../object-key.ts';
import { podFault } from '../pod-fault.ts';
import type { Problem, ProblemCode } from '../problem.ts';
import { isReady } from '../readiness.ts';
import type { Labels } from '../selector.ts';

/** A pod, parsed once: what selection needs of it, and its text for the template. */
export type KnownPod =
  | { readonly kind: 'ready'; readonly text: string; readonly labels: Labels }
  | { readonly kind: 'unready' }
  /** The stored value is no JSON object, or not one that could be a pod of this name, so it is no backend either. */
  | { readonly kind: 'unreadable'; readonly code: ProblemCode; readonly reason: string };

export function readPod(text: string, key: ObjectKey): KnownPod {
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return { kind: 'unreadable', code: 'not-json', reason: parsed.reason };
  if (!isReady(parsed.value)) return { kind: 'unready' };
  const fault = podFault(parsed.value, key);
  if (fault !== undefined) return { kind: 'unreadable', code: 'bad-pod', reason: fault };
  const { metadata } = parsed.value;
  return { kind: 'ready', text, labels: isJsonObject(metadata) ? labelsOf(metadata['labels']) : {} };
}

export const podProblem = (object: string, pod: KnownPod | undefined): Problem | undefined =>
  pod?.kind === 'unreadable' ? { object, code: pod.code, reason: pod.reason, serves: 'nothing' } : undefined;

function labelsOf(value: unknown): Labels {
  if (!isJsonObject(value)) return {};
  const pairs = Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}
