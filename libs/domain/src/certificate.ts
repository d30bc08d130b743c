import { X509Certificate, createPrivateKey } from 'node:crypto';
import { type PemBlock, formatPem, isOneSequence, parsePem } from './pem.ts';

/** A certificate chain and the key that fits its first certificate, both PEM as OpenSSL writes it. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

export type ReadPair =
  { readonly ok: true; readonly pair: CertificatePair } | { readonly ok: false; readonly reason: string };

const bad = (reason: string): ReadPair => ({ ok: false, reason });

/**
 * Reads a chain and its key, each block for itself, and writes them anew: comments go, `TRUSTED CERTIFICATE` becomes
 * `CERTIFICATE` (HAProxy shows only that), and what OpenSSL would pass over is a fault. The reason never quotes either.
 */
export function readCertificatePair(certificate: string, key: string): ReadPair {
  const chain = readChain(certificate);
  if (!chain.ok) return chain;
  const privateKey = readKey(key);
  if (!privateKey.ok) return privateKey;
  try {
    if (!chain.leaf.checkPrivateKey(createPrivateKey(privateKey.text)))
      return bad('the key does not belong to the certificate');
  } catch {
    return bad(unreadableKey);
  }
  return { ok: true, pair: { certificate: chain.text, key: privateKey.text } };
}

/** The file HAProxy loads: the key, then the certificate chain, each ending with a newline. */
export const bundlePem = (certificate: string, key: string): string => `${endLine(key)}${endLine(certificate)}`;

const unreadableCertificate = 'the certificate is not a readable PEM certificate';
const unreadableKey = 'the key is not a readable PEM private key (encrypted keys are not supported)';

const certificateLabels = ['CERTIFICATE', 'X509 CERTIFICATE', 'TRUSTED CERTIFICATE'];
const keyLabels = ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'DSA PRIVATE KEY'];
/** HAProxy takes these from the bundle. */
const dhLabel = 'DH PARAMETERS';
/** `openssl ecparam -genkey` writes it before the key, which holds the same. */
const curveLabel = 'EC PARAMETERS';

type Chain =
  { readonly ok: true; readonly leaf: X509Certificate; readonly text: string } | Extract<ReadPair, { ok: false }>;

function readChain(text: string): Chain {
  const parsed = parsePem(text);
  if (!parsed.ok) return { ok: false, reason: `the certificate cannot be used: ${parsed.reason}` };
  const certificates: X509Certificate[] = [];
  const others: string[] = [];
  for (const [at, { label, der }] of parsed.blocks.entries()) {
    if (certificateLabels.includes(label)) {
      const read = readX509({ label, der });
      if (!read) {
        const reason =
          parsed.blocks.length === 1 ? unreadableCertificate : `${chainBlock(at)} is no readable certificate`;
        return { ok: false, reason };
      }
      certificates.push(read);
    } else if (label === dhLabel && isOneSequence(der)) others.push(formatPem(label, der));
    else return { ok: false, reason: `${chainBlock(at)} (${label}) is nothing that belongs into a certificate chain` };
  }
  const [leaf] = certificates;
  if (!leaf) return { ok: false, reason: unreadableCertificate };
  return {
    ok: true,
    leaf,
    text: [...certificates.map(({ raw }) => formatPem('CERTIFICATE', raw)), ...others].join(''),
  };
}

const chainBlock = (at: number): string => `block ${at + 1} of the certificate`;

function readX509({ label, der }: PemBlock): X509Certificate | undefined {
  try {
    return new X509Certificate(formatPem(label, der));
  } catch {
    return undefined;
  }
}

function readKey(text: string): { readonly ok: true; readonly text: string } | Extract<ReadPair, { ok: false }> {
  const parsed = parsePem(text);
  if (!parsed.ok) return { ok: false, reason: unreadableKey };
  const blocks = parsed.blocks.filter(({ label }) => label !== curveLabel);
  const [key, ...more] = blocks;
  if (!key || !keyLabels.includes(key.label) || !isOneSequence(key.der)) return { ok: false, reason: unreadableKey };
  const [second] = more;
  if (second)
    return { ok: false, reason: `the key has a second block (${second.label}); it must be the private key alone` };
  return { ok: true, text: formatPem(key.label, key.der) };
}

const endLine = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
