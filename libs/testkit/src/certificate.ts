import 'reflect-metadata'; // The X.509 package's dependency injection needs it first.
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface CertificateOptions {
  cn: string;
  /** DNS names; the common name alone unless given. */
  san?: string[];
  notBefore?: Date;
  /** A year from now unless given. */
  notAfter?: Date;
}

export interface CertificatePair {
  /** PKCS #8 PEM. */
  key: string;
  /** X.509 PEM. */
  cert: string;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** A self-signed certificate with an EC key of its own. */
export async function certificate({ cn, san = [cn], ...times }: CertificateOptions): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [cn] }],
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: times.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: times.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
    extensions: [new x509.SubjectAlternativeNameExtension(san.map((value) => ({ type: 'dns', value })))],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, cert: `${made.toString('pem')}\n` };
}
