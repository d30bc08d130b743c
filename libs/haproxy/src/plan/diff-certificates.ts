import type { Forced, Findings } from './findings.ts';
import { forces, merge, nothing, operations } from './findings.ts';
import { isCompanion, type CertificateList, type FileIndex, type ListMember } from './file-index.ts';
import type { Operation } from './operation.ts';
import type { Capabilities } from './capabilities.ts';
import { cliWord } from './cli-text.ts';
import { pemPayload, spareBytes } from './pem.ts';
import type { Release } from './release.ts';
import { keepsSettings } from './sni-order.ts';

export interface FilesChange {
  readonly running: Release;
  readonly wanted: Release;
  readonly before: FileIndex;
  readonly after: FileIndex;
  readonly can: Capabilities;
  /** Bytes a command with its payload may have: `tune.bufsize`. */
  readonly bufferBytes: number;
}

export const forcedByFile = (file: string, why: string): Findings => forces({ kind: 'file', file, why });

/** New content of certificates that stay where they are: replaced everywhere they are used, by their names. */
export function replacedCertificates(change: FilesChange, changed: ReadonlySet<string>): Findings {
  const found = [...change.after.certificates].map(([name, file]) => {
    if (file === undefined || !changed.has(file) || change.before.certificates.get(name) !== file) return nothing;
    return loadingFault(change, name, file) ?? operations({ kind: 'replace-certificate', name, file });
  });
  return merge(found);
}

/** Companions are loaded together with a certificate; the socket takes them, but by other commands. */
export function changedCompanion(change: FilesChange, file: string): Findings {
  return isCompanion(file) && change.after.certificates.size > 0
    ? forcedByFile(file, 'it is loaded with the certificate beside it, which is not changed at runtime')
    : nothing;
}

/** Certificates that enter or leave crt-lists and directories. */
export function changedLists(change: FilesChange): Findings {
  const was = new Map(change.before.lists.map((list) => [list.name, list]));
  const entering = new Map<string, { file: string; lists: { list: string; entry?: string }[] }>();
  const leaving = new Map<string, string[]>();
  const forced: Forced[] = [];
  for (const list of change.after.lists) {
    const old = was.get(list.name);
    const moved = old && membershipOf(old, list);
    if (!old || !moved) continue;
    const fault = moved.fault ?? listFault(change, old, list, moved);
    if (fault) forced.push(fault);
    for (const member of moved.entered) {
      const at = entering.get(member.certificate) ?? { file: member.file ?? '', lists: [] };
      at.lists.push({ list: list.name, ...(member.entry && !member.entry.plain ? { entry: entryText(member) } : {}) });
      entering.set(member.certificate, at);
    }
    for (const { certificate } of moved.left)
      leaving.set(certificate, [...(leaving.get(certificate) ?? []), list.name]);
  }
  if (forced.length > 0) return { operations: [], forced };
  return merge([
    ...[...entering].map(([name, at]) => enteringCertificate(change, name, at)),
    ...[...leaving].map(([name, lists]) =>
      operations({ kind: 'remove-certificate', name, lists, forget: !change.after.certificates.has(name) }),
    ),
  ]);
}

/** The entry with the name HAProxy knows the certificate by. */
const entryText = ({ certificate, entry }: ListMember): string =>
  [certificate, ...(entry?.text.split(' ').slice(1) ?? [])].join(' ');

function enteringCertificate(
  change: FilesChange,
  name: string,
  { file, lists }: { file: string; lists: { list: string; entry?: string }[] },
): Findings {
  const create = !change.before.certificates.has(name);
  if (create && file === '')
    return forcedByFile(lists[0]?.list ?? '', `the certificate ${name} lies outside the bundle`);
  const operation: Operation = { kind: 'add-certificate', name, file, create, lists };
  return loadingFault(change, name, create ? file : undefined) ?? operations(operation);
}

interface Membership {
  readonly entered: readonly ListMember[];
  readonly left: readonly ListMember[];
  readonly fault: Forced | undefined;
}

function membershipOf(old: CertificateList, list: CertificateList): Membership {
  const before = new Map(old.members.map((member) => [member.certificate, member]));
  const after = new Map(list.members.map((member) => [member.certificate, member]));
  const twice = before.size !== old.members.length || after.size !== list.members.length;
  const altered = list.members.find((member) => {
    const was = before.get(member.certificate);
    return was !== undefined && was.entry?.text !== member.entry?.text;
  });
  const order = (members: readonly ListMember[], others: ReadonlyMap<string, ListMember>) =>
    members.flatMap(({ certificate }) => (others.has(certificate) ? [certificate] : [])).join('\n');
  const fault = altered
    ? fileFault(list, altered, 'the options of a list entry changed, which needs it to leave first')
    : order(old.members, after) !== order(list.members, before)
      ? fileFault(list, undefined, 'the order of this list changed, which decides what is served')
      : twice && textOf(old) !== textOf(list)
        ? fileFault(list, undefined, 'a certificate stands in this list twice')
        : undefined;
  return {
    entered: list.members.filter(({ certificate }) => !before.has(certificate)),
    left: old.members.filter(({ certificate }) => !after.has(certificate)),
    fault,
  };
}

const textOf = (list: CertificateList): string =>
  list.members.map(({ entry, certificate }) => entry?.text ?? certificate).join('\n');

function listFault(
  change: FilesChange,
  old: CertificateList,
  list: CertificateList,
  { entered, left }: Membership,
): Forced | undefined {
  if (entered.length + left.length === 0) return undefined;
  const first = list.members[0];
  if (!change.can.editCrtList)
    return fileFault(list, first, `HAProxy ${change.can.version} edits no lists of certificates at runtime`);
  // The first certificate of a bind answers names no other one has; it is chosen when the bind is loaded.
  const chooses = list.uses.some((use) => use.first && !use.line.words.some(({ text }) => text === 'strict-sni'));
  return chooses && first?.certificate !== old.members[0]?.certificate
    ? fileFault(list, first, 'it becomes the default certificate of a bind')
    : undefined;
}

function fileFault(list: CertificateList, member: ListMember | undefined, why: string): Forced {
  const file = list.file ?? member?.file ?? list.name;
  const entry = member?.entry;
  return { kind: 'file', file, why, ...(entry ? { line: entry.line, text: entry.text } : {}) };
}

/** Why a certificate cannot be loaded at runtime; without a file HAProxy holds it already. */
function loadingFault(change: FilesChange, name: string, file: string | undefined): Findings | undefined {
  const fault = file === undefined ? undefined : payloadFault(change, name, file);
  if (fault || keepsSettings(change.wanted, change.after, name)) return fault;
  const place = file ?? change.after.certificates.get(name) ?? name;
  return forcedByFile(place, 'it answers no name, so that it would lose the settings of its bind at runtime');
}

/** Why a certificate cannot be sent: the buffer of the socket is small. */
function payloadFault(change: FilesChange, name: string, file: string): Findings | undefined {
  if (!change.can.updateCertificate)
    return forcedByFile(file, `HAProxy ${change.can.version} changes no certificates at runtime`);
  const pem = change.wanted.files.get(file)?.read() ?? '';
  const size = Buffer.byteLength(`set ssl cert ${cliWord(name)} <<\n${pemPayload(pem)}\n\n`);
  if (size <= change.bufferBytes - spareBytes) return undefined;
  return forcedByFile(
    file,
    `it has ${size} bytes, HAProxy's socket takes ${change.bufferBytes - spareBytes} (tune.bufsize)`,
  );
}
