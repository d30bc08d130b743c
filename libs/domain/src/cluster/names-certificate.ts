import type { Json } from '../json.ts';
import { parseJsonObject } from '../json.ts';

/**
 * Whether a service entry names a certificate: one of its values is the name, or ends in it as a path does, with `.pem`
 * or without. Templates list certificates as a whole, so this is the only place where one is named.
 */
export function namesCertificate(entry: string, certificate: string): boolean {
  // Most entries do not hold the name at all, which is cheaper to see than to parse.
  if (!entry.includes(certificate)) return false;
  const parsed = parseJsonObject(entry);
  return parsed.ok && holds(parsed.value, certificate);
}

function holds(value: Json | undefined, certificate: string): boolean {
  if (typeof value === 'string') {
    const name = value.slice(value.lastIndexOf('/') + 1);
    return name === certificate || name === `${certificate}.pem`;
  }
  return typeof value === 'object' && value !== null && Object.values(value).some((each) => holds(each, certificate));
}
