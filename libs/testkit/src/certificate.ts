import 'reflect-metadata'; // The X.509 package's dependency injection needs it first.
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface CertificateOptions {
  cn: string;
  /** DNS names; the common name alone unless given. */
  san?: string[];
  /** EC unless given. */
  kind?: keyof typeof ALGORITHMS;
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

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  ed25519: { name: 'Ed25519' },
  /** Too short for the security level that OpenSSL has in Debian. */
  rsa1024: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 1_024,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
};
const DAY_MS = 86_400_000;

/** A self-signed certificate with a key of its own. */
export async function certificate({
  cn,
  san = [cn],
  kind = 'ec',
  ...times
}: CertificateOptions): Promise<CertificatePair> {
  const algorithm = ALGORITHMS[kind];
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [cn] }],
    keys,
    signingAlgorithm: algorithm,
    notBefore: times.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: times.notAfter ?? new Date(Date.now() + 365 * DAY_MS),
    extensions: [new x509.SubjectAlternativeNameExtension(san.map((value) => ({ type: 'dns', value })))],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`, cert: `${made.toString('pem')}\n` };
}
