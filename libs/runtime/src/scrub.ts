const privateKey = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----.*?(?:-----END \1PRIVATE KEY-----|(?=")|$)/gs;
const urlPassword = /(\b[a-z][a-z0-9+.-]*:\/\/[^/\s:@"]*):[^/\s@"]+@/gi;

/** The text without private keys in PEM and without passwords in URLs: the last net before a line is written. */
export function scrub(text: string): string {
  const scrubbed = text.includes('PRIVATE KEY-----') ? text.replace(privateKey, '[private key]') : text;
  return scrubbed.includes('://') ? scrubbed.replace(urlPassword, '$1:[password]@') : scrubbed;
}
