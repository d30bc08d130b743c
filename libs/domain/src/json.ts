export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The parsed object, or why there is none. The reason never quotes the text: it may hold a secret. */
export function parseJsonObject(text: string): { ok: true; value: JsonObject } | { ok: false; reason: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /position \d+/.exec(String(error))?.[0];
    return {
      ok: false,
      reason: `not valid JSON${position ? ` (at ${position})` : text.trim() === '' ? ' (empty)' : ''}`,
    };
  }
  return isJsonObject(value) ? { ok: true, value } : { ok: false, reason: 'valid JSON, but not an object' };
}
