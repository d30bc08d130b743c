export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json | undefined;
}

export const isJsonObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Far more than any object of Kubernetes has, and far less than what a recursive reader of it could not bear. */
const maxDepth = 100;

/** How deep the braces and brackets of a JSON text are nested. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) isInString = !isInString;
    else if (isInString) at += code === backslash ? 1 : 0;
    else if (code === openBrace || code === openBracket) deepest = Math.max(deepest, ++depth);
    else if (code === closeBrace || code === closeBracket) depth--;
  }
  return deepest;
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** The parsed object, or why there is none. The reason never quotes the text: it may hold a secret. */
export function parseJsonObject(text: string): { ok: true; value: JsonObject } | { ok: false; reason: string } {
  if (depthOf(text) > maxDepth) return { ok: false, reason: `nested more than ${maxDepth} levels deep` };
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

/** The members of a JSON array; none of anything else. */
export function parseJsonArray(text: string): readonly unknown[] {
  if (depthOf(text) > maxDepth) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
