import { X509Certificate, createPrivateKey } from 'node:crypto';

/**
 * Why a certificate and key cannot be used together, or undefined when they can.
 * The reason never quotes either of them.
 */
export function certificateFault(certificate: string, key: string): string | undefined {
  let parsed: X509Certificate;
  try {
    parsed = new X509Certificate(certificate);
  } catch {
    return 'the certificate is not a readable PEM certificate';
  }
  try {
    const privateKey = createPrivateKey(key);
    return parsed.checkPrivateKey(privateKey) ? undefined : 'the key does not belong to the certificate';
  } catch {
    return 'the key is not a readable PEM private key (encrypted keys are not supported)';
  }
}

/** The file HAProxy loads: the key, then the certificate chain, each ending with a newline. */
export const bundlePem = (certificate: string, key: string): string => `${endLine(key)}${endLine(certificate)}`;

const endLine = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
