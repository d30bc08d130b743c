import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { FleetName } from './brands.ts';
import { FlotillaError } from './errors.ts';

/** Bytes of the fleet operator's key, `FLOTILLA_KEY`. */
export const keyBytes = 32;

/**
 * Seals what must not be readable in Redis. `purpose` says what the bytes are (a field, a digest); a sealed value
 * opens only under the same fleet and purpose, so one cannot be put in another's place.
 */
export interface Sealer {
  seal(content: Buffer | string, purpose: string): Buffer;
  /** Throws `SealError` when the key is another one or the bytes were changed. */
  open(sealed: Buffer, purpose: string): Buffer;
}

/** Thrown when sealed bytes do not open. */
export class SealError extends FlotillaError {
  constructor(fleet: FleetName, purpose: string, cause?: unknown) {
    super('seal', `cannot open ${purpose} of fleet ${fleet}: sealed with another FLOTILLA_KEY, or damaged`, {
      cause,
      data: { fleet, purpose },
    });
  }
}

/** Whether the sealer opens it. */
export function canOpen(sealer: Sealer, sealed: Buffer, purpose: string): boolean {
  try {
    sealer.open(sealed, purpose);
    return true;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}

const formatByte = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM under a key of the fleet's own, derived from the master key by HKDF-SHA-256.
 * Sealed form: format byte 1, 12 bytes nonce, 16 bytes tag, ciphertext.
 */
export function createSealer(masterKey: Buffer, fleet: FleetName): Sealer {
  if (masterKey.length !== keyBytes) throw new TypeError(`the key must have ${keyBytes} bytes`);
  const key = Buffer.from(hkdfSync('sha256', masterKey, '', `flotilla/${fleet}`, keyBytes));

  return {
    seal(content, purpose) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose));
      // GCM is a stream cipher: the end adds no bytes, so a large content is copied once only.
      const body = cipher.update(content);
      cipher.final();
      return Buffer.concat([Buffer.of(formatByte), nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, purpose) {
      if (sealed[0] !== formatByte || sealed.length < 1 + nonceBytes + tagBytes) throw new SealError(fleet, purpose);
      const nonce = sealed.subarray(1, 1 + nonceBytes);
      const tag = sealed.subarray(1 + nonceBytes, 1 + nonceBytes + tagBytes);
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose)).setAuthTag(tag);
        const content = decipher.update(sealed.subarray(1 + nonceBytes + tagBytes));
        decipher.final();
        return content;
      } catch (error) {
        throw new SealError(fleet, purpose, error);
      }
    },
  };
}
