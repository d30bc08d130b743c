/** One block of a PEM text: what its label says, and the bytes between its lines. */
export interface PemBlock {
  readonly label: string;
  readonly der: Buffer;
}

export type ParsedPem =
  | { readonly ok: true; readonly blocks: readonly PemBlock[] }
  /** `reason` names the block by its number and never quotes it. */
  | { readonly ok: false; readonly reason: string };

/**
 * Reads a PEM text strictly (RFC 7468): every block has both of its lines, the same label in them, and plain base64 in
 * between. OpenSSL passes over what it cannot read, or stops there, so a text is never handed on as it came. Text
 * outside of blocks is a comment.
 */
export function parsePem(text: string): ParsedPem {
  const blocks: PemBlock[] = [];
  let open: { readonly label: string; base64: string } | undefined;
  const bad = (what: string): ParsedPem => ({ ok: false, reason: `block ${blocks.length + 1} ${what}` });
  for (const line of text.split(/\r\n|\n|\r/)) {
    const content = line.trim();
    const [, edge, label = ''] = /^-----(BEGIN|END) ([A-Z0-9 .]+)-----$/.exec(content) ?? [];
    if (edge === undefined) {
      if (/-----\s*(BEGIN|END)/.test(content)) return bad('has a damaged BEGIN or END line');
      if (open) open.base64 += content;
    } else if (edge === 'BEGIN') {
      if (open) return bad(`(${open.label}) has no END line`);
      open = { label, base64: '' };
    } else {
      if (open?.label !== label) return bad(`ends as ${label} and did not begin so`);
      const der = decode(open.base64);
      if (!der) return bad(`(${label}) holds something else than base64`);
      blocks.push({ label, der });
      open = undefined;
    }
  }
  return open ? bad(`(${open.label}) has no END line`) : { ok: true, blocks };
}

/** The block as OpenSSL writes it. */
export const formatPem = (label: string, der: Buffer): string =>
  [`-----BEGIN ${label}-----`, ...(der.toString('base64').match(/.{1,64}/g) ?? []), `-----END ${label}-----`, ''].join(
    '\n',
  );

/** Whether the bytes are one ASN.1 SEQUENCE and nothing else. */
export function isOneSequence(der: Buffer): boolean {
  const [tag, first = 0] = der;
  if (tag !== 0x30 || der.length < 2) return false;
  if (first < 0x80) return der.length === 2 + first;
  const bytes = first & 0x7f;
  if (bytes === 0 || bytes > 4 || der.length < 2 + bytes) return false;
  return der.length === 2 + bytes + der.readUIntBE(2, bytes);
}

/** Node decodes what it can and drops the rest, so the text is looked at first. */
function decode(base64: string): Buffer | undefined {
  if (base64 === '' || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined;
  return Buffer.from(base64, 'base64');
}
