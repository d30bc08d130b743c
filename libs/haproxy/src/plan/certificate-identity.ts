import { X509Certificate } from 'node:crypto';
import type { ReleaseFile } from './release.ts';

/** What matters of the first certificate of a bundle. */
export interface CertificateIdentity {
  /** As `show ssl cert` prints it: upper-case SHA-1 without colons. */
  readonly fingerprint: string;
  /** Serial number and dates, as `show ssl cert` prints them. */
  readonly issue: string;
  /** `rsa`, `ec`, … */
  readonly key: string;
  /** Common names and DNS names, in lower case. */
  readonly names: readonly string[];
}

/** By digest: reading a thousand certificates takes a tenth of a second, and hardly any of them changes. */
const identities = new Map<string, CertificateIdentity | undefined>();
const mostIdentities = 20_000;

/** Undefined when there is no readable certificate. */
export function identityOf(file: ReleaseFile): CertificateIdentity | undefined {
  if (identities.has(file.digest)) return identities.get(file.digest);
  if (identities.size >= mostIdentities) identities.clear();
  const identity = readIdentity(file.read());
  identities.set(file.digest, identity);
  return identity;
}

function readIdentity(pem: string): CertificateIdentity | undefined {
  const certificate = readCertificate(pem);
  if (!certificate) return undefined;
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,]+)/g)];
  const common = [...certificate.subject.matchAll(/^CN=(.*)$/gm)];
  return {
    fingerprint: fingerprint(certificate),
    issue: `${certificate.serialNumber} ${certificate.validFrom} ${certificate.validTo}`,
    key: certificate.publicKey.asymmetricKeyType ?? '',
    names: [...new Set([...alternatives, ...common].map(([, name = '']) => name.trim().toLowerCase()))],
  };
}

/** Fingerprint of a bundle's first certificate, as `show ssl cert` prints it. */
export function fingerprintOf(pem: string): string | undefined {
  const certificate = readCertificate(pem);
  return certificate && fingerprint(certificate);
}

const fingerprint = (certificate: X509Certificate): string => certificate.fingerprint.replaceAll(':', '');

function readCertificate(pem: string): X509Certificate | undefined {
  const start = pem.indexOf('-----BEGIN CERTIFICATE-----');
  if (start < 0) return undefined;
  try {
    return new X509Certificate(pem.slice(start));
  } catch {
    return undefined;
  }
}
