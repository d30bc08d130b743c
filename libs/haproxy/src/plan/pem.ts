import { X509Certificate } from 'node:crypto';

/** A PEM bundle as a payload: a blank line would end it early. */
export const pemPayload = (pem: string): string =>
  pem
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .join('\n');

/** HAProxy drops a command with its payload silently when it does not fit into a buffer; a little is kept free. */
export const spareBytes = 256;

/** Fingerprint of a bundle's first certificate, as `show ssl cert` prints it: upper-case SHA-1 without colons. */
export function fingerprintOf(pem: string): string | undefined {
  const start = pem.indexOf('-----BEGIN CERTIFICATE-----');
  if (start < 0) return undefined;
  try {
    return new X509Certificate(pem.slice(start)).fingerprint.replaceAll(':', '');
  } catch {
    return undefined;
  }
}
