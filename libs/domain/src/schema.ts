import { z } from 'zod';
import { digest, epoch, fleetName, namespacePattern, revision, version } from './brands.ts';
import { parseJsonObject } from './json.ts';

// The form of what comes from outside the process. What a schema does not name is left out of what it gives.

/** ISO 8601. */
export const timeSchema = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'is no time');
export const fleetSchema = z.string().regex(namespacePattern, 'is no fleet name').transform(fleetName);
export const revisionSchema = z.int().nonnegative().transform(revision);
export const versionSchema = z.int().nonnegative().transform(version);
export const epochSchema = z.string().transform(epoch);
export const digestSchema = z.string().transform(digest);
export const identitySchema = z.object({ epoch: epochSchema, version: versionSchema, digest: digestSchema });

export type Read<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly reason: string };

/** A JSON text as the schema has it, or what is wrong. The reason quotes no value: it may be a secret. */
export function readJson<Value>(schema: z.ZodType<Value>, text: string): Read<Value> {
  const parsed = parseJsonObject(text);
  return parsed.ok ? readValue(schema, parsed.value) : parsed;
}

/** The same for what is parsed already. */
export function readValue<Value>(schema: z.ZodType<Value>, value: unknown): Read<Value> {
  const read = schema.safeParse(value);
  if (read.success) return { ok: true, value: read.data };
  const [issue] = read.error.issues;
  const place = issue?.path.map(String).join('.') ?? '';
  return { ok: false, reason: `${place === '' ? '' : `"${place}": `}${issue?.message ?? 'has another form'}` };
}

/** What the schema reads in a JSON text; undefined for anything else, such as what another release wrote. */
export function parseAs<Value>(schema: z.ZodType<Value>, text: string): Value | undefined {
  const read = readJson(schema, text);
  return read.ok ? read.value : undefined;
}
