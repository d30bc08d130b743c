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
  /** SHA-1 in upper-case hex. */
  readonly fingerprint: string;
  readonly used: boolean;
}

/** From `show ssl cert <name>`; undefined when HAProxy does not hold it. */
export function parseCertificate(answer: string): CertificateState | undefined {
  const fingerprint = /^SHA1 FingerPrint: ([0-9A-F]{40})$/m.exec(answer)?.[1];
  const status = /^Status: (\S+)/m.exec(answer)?.[1];
  if (fingerprint !== undefined && status !== undefined) return { fingerprint, used: status === 'Used' };
  if (/^Can't display the certificate: Not found or/.test(answer)) return undefined;
  throw new UnknownAnswerError('show ssl cert', answer);
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
