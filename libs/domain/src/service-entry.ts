import { isJsonObject, parseJsonObject } from './json.ts';
import type { Labels } from './selector.ts';
import { isDataKey } from './data-key.ts';
import { isNamespaceName } from './kubernetes-names.ts';

/** One key of the configmap `services`: which pods it selects; `text` is the user's JSON, passed to the template. */
export interface ServiceEntry {
  readonly name: string;
  readonly namespace: string;
  readonly selector: Labels;
  readonly text: string;
}

export type ParsedServiceEntry =
  { readonly ok: true; readonly entry: ServiceEntry } | { readonly ok: false; readonly reason: string };

const bad = (reason: string): ParsedServiceEntry => ({ ok: false, reason });

/** Reads one service entry; a reason names what is missing or of the wrong type. */
export function parseServiceEntry(name: string, text: unknown): ParsedServiceEntry {
  if (!isDataKey(name)) return bad('the name may hold only letters, digits, "-", "_" and "."');
  if (typeof text !== 'string') return bad('the value is not a string');
  const parsed = parseJsonObject(text);
  if (!parsed.ok) return bad(parsed.reason);
  const { namespace, selector } = parsed.value;
  if (namespace === undefined) return bad('"namespace" is missing');
  if (typeof namespace !== 'string' || namespace === '') return bad('"namespace" must be a non-empty string');
  if (!isNamespaceName(namespace)) return bad('"namespace" is no name that Kubernetes allows for one');
  if (selector === undefined) return bad('"selector" is missing; {} selects every ready pod of the namespace');
  if (!isJsonObject(selector)) return bad('"selector" must be an object of label names and values');
  for (const [label, value] of Object.entries(selector)) {
    if (typeof value !== 'string') return bad(`"selector" must map to strings, but "${label}" does not`);
  }
  return { ok: true, entry: { name, namespace, selector: selector as Labels, text } };
}
