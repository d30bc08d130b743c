import type { CertificateIdentity } from '../plan/certificate-identity.ts';
import { UnknownAnswerError } from '../process/processes.ts';

/** Names of the certificates HAProxy holds, from `show ssl cert`; open transactions are left out. */
export function parseCertificateNames(answer: string): string[] {
  if (answer.trim() === '') return [];
  const names: string[] = [];
  let committed = false;
  for (const line of answer.split('\n')) {
    if (line.startsWith('# ')) committed = line === '# filename';
    else if (committed && line !== '') names.push(line);
  }
  if (!answer.startsWith('# ')) throw new UnknownAnswerError('show ssl cert', answer);
  return names;
}

export interface CertificateState {
  /** SHA-1 in upper-case hex; HAProxy prints none of a key whose kind it has no name for, such as Ed25519. */
  readonly fingerprint: string | undefined;
  /** Serial number and dates. */
  readonly issue: string;
  readonly used: boolean;
}

/** From `show ssl cert <name>`; undefined when HAProxy does not hold it. */
export function parseCertificate(answer: string): CertificateState | undefined {
  const value = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(answer)?.[1];
  const fingerprint = value('SHA1 FingerPrint');
  const status = value('Status');
  const issue = ['Serial', 'notBefore', 'notAfter'].map(value);
  if (status !== undefined && issue.every((part) => part !== undefined))
    return { fingerprint, issue: issue.join(' '), used: status === 'Used' };
  if (/^Can't display the certificate: Not found or/.test(answer)) return undefined;
  throw new UnknownAnswerError('show ssl cert', answer);
}

/** How what HAProxy holds differs from what it should; undefined when it is that certificate. */
export function certificateDifference(
  found: CertificateState | undefined,
  wanted: CertificateIdentity | undefined,
): { readonly wanted: string; readonly found: string } | undefined {
  const mark = found?.fingerprint === undefined ? 'issue' : 'fingerprint';
  if (found && wanted && found[mark] === wanted[mark]) return undefined;
  return { wanted: wanted?.[mark] ?? 'a readable certificate', found: found?.[mark] ?? 'absent' };
}

/** Certificates of a crt-list or directory, from `show ssl crt-list -n <list>`; none when HAProxy does not hold the list. */
export function parseCrtListState(answer: string): string[] {
  if (answer.startsWith("didn't find the specified filename")) return [];
  if (!answer.startsWith('# ')) throw new UnknownAnswerError('show ssl crt-list', answer);
  return answer
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => line.replace(/:\d+(?: .*)?$/, ''));
}
