import { readCertificatePair } from '../certificate.ts';
import { certificateNameFault } from '../data-key.ts';
import type { JsonObject } from '../json.ts';
import type { Problem } from '../problem.ts';
import { type Entry, type ObjectData, type Verdict, badName, dataOf, unreadable } from './verdict.ts';

interface Checked {
  readonly certificate: unknown;
  readonly key: unknown;
  readonly result: Entry | Omit<Problem, 'key'>;
}

/**
 * Reads the configmap `certificates` and the secret `keys` together; both may be absent.
 *
 * Checking a pair costs some 100 µs of cryptography, so a pair that did not change is not checked again.
 * A name with one part only is not listed. A pair that does not fit keeps its last good one: an update writes the
 * two objects one after the other, and in between they never fit.
 */
export class CertificateReader {
  readonly #certificates: string;
  readonly #keys: string;
  #checked = new Map<string, Checked>();

  /** The two objects' paths. */
  constructor(certificates: string, keys: string) {
    this.#certificates = certificates;
    this.#keys = keys;
  }

  read(certificatesText: string | undefined, keysText: string | undefined): Verdict {
    const certificates = dataOf(this.#certificates, certificatesText);
    const keys = dataOf(this.#keys, keysText);
    const bad = [certificates, keys].flatMap((read) => (read.kind === 'bad' ? [read.problem] : []));
    return bad.length > 0 ? unreadable(...bad) : this.#pair(entries(certificates), entries(keys));
  }

  #pair(certificates: JsonObject, keys: JsonObject): Verdict {
    const good = new Map<string, Entry>();
    const kept = new Set<string>();
    const problems: Problem[] = [];
    const checked = new Map<string, Checked>();
    for (const name of new Set([...Object.keys(certificates), ...Object.keys(keys)])) {
      const problem = this.#namePart(name, certificates, keys);
      if (problem) {
        problems.push(problem);
        continue;
      }
      const pair = this.#check(name, certificates[name], keys[name]);
      checked.set(name, pair);
      if (isEntry(pair.result)) good.set(name, pair.result);
      else {
        kept.add(name);
        problems.push({ ...pair.result, key: name });
      }
    }
    this.#checked = checked;
    return { good, kept, problems };
  }

  /** What keeps a name from being a pair at all: a bad name or a missing part. */
  #namePart(name: string, certificates: JsonObject, keys: JsonObject): Problem | undefined {
    const hasCertificate = Object.hasOwn(certificates, name);
    const [present, absent] = hasCertificate ? [this.#certificates, this.#keys] : [this.#keys, this.#certificates];
    const named = badName(present, name) ?? badCertificateName(present, name);
    if (named || (hasCertificate && Object.hasOwn(keys, name))) return named;
    const reason = `${hasCertificate ? 'its key' : 'its certificate'} is missing in ${absent}`;
    return { object: present, key: name, code: 'bad-certificate', reason };
  }

  #check(name: string, certificate: unknown, key: unknown): Checked {
    const before = this.#checked.get(name);
    if (before && before.certificate === certificate && before.key === key) return before;
    return { certificate, key, result: this.#result(certificate, key) };
  }

  #result(certificate: unknown, key: unknown): Checked['result'] {
    const code = 'bad-certificate';
    if (typeof certificate !== 'string')
      return { object: this.#certificates, code, reason: 'the value is not a string' };
    if (privateKeyBlock.test(certificate)) {
      const reason = `it holds a private key: put that into ${this.#keys}`;
      return { object: this.#certificates, code, reason };
    }
    const decoded = decodeBase64(key);
    if (decoded === undefined) return { object: this.#keys, code, reason: 'the value is not base64' };
    const read = readCertificatePair(certificate, decoded);
    return read.ok ? [read.pair.certificate, read.pair.key] : { object: this.#certificates, code, reason: read.reason };
  }
}

function badCertificateName(object: string, key: string): Problem | undefined {
  const reason = certificateNameFault(key);
  return reason === undefined ? undefined : { object, key, code: 'bad-name', reason };
}

/** Certificates are stored in the clear, so a key must not ride along in one. */
const privateKeyBlock = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;

const isEntry = (result: Checked['result']): result is Entry => Array.isArray(result);

const entries = (read: ObjectData): JsonObject => (read.kind === 'data' ? read.data : {});

/** Node decodes what it can and drops the rest, so the text is looked at first. */
function decodeBase64(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const compact = value.replace(/\s+/g, '');
  if (compact === '' || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact)) return undefined;
  return Buffer.from(compact, 'base64').toString();
}
