/**
 * A key of a configmap's or secret's data as the API server allows it: at most 253 of `-._a-zA-Z0-9`,
 * not `.` and not beginning with `..`. Such a name is safe as a file name.
 */
export const isDataKey = (name: string): boolean =>
  /^[-._a-zA-Z0-9]{1,253}$/.test(name) && name !== '.' && !name.startsWith('..');

/**
 * Why a name cannot be that of a certificate, though it is a data key; undefined when it can. The name becomes that of a
 * file, with `.pem` and without. HAProxy looks for companions of a certificate by these endings (`ssl-load-extra-files`
 * in its manual), and passes over such a file, or takes it for a part of another certificate.
 */
export function certificateNameFault(name: string): string | undefined {
  const [ending] = /\.(?:sctl|ocsp|issuer|key|rsa|dsa|ecdsa)$/i.exec(name) ?? [];
  if (ending !== undefined) {
    return `HAProxy takes a file that ends in "${ending}" for a companion of another certificate; give it another name`;
  }
  if (name.length > maxCertificateName)
    return `the name is longer than ${maxCertificateName} characters; give it a shorter one`;
  return undefined;
}

/** A file name may have 255 bytes, and one of the two has `.pem` behind the name. */
const maxCertificateName = 251;
