import { identityOf } from './certificate-identity.ts';
import { forces, nothing, type Findings } from './findings.ts';
import type { CertificateList, FileIndex, ListMember } from './file-index.ts';
import type { Release } from './release.ts';

/**
 * Where two certificates of a bind answer the same name with the same kind of key, HAProxy serves the one it loaded
 * first. One that is replaced or added at runtime becomes the last of them, so the other one would be served from then
 * on, perhaps an old one (seen on 2.6). A certificate may only be touched when none behind it answers one of its names.
 */
export function overtakenCertificates(
  wanted: Release,
  index: FileIndex,
  touched: ReadonlyMap<string, string>,
): Findings {
  for (const members of certificatesByBind(index)) {
    const names = new Map<string, string>();
    for (const member of [...members].reverse()) {
      const own = namesOf(wanted, member);
      const file = touched.get(member.certificate);
      const other = file === undefined ? undefined : own.map((name) => names.get(name)).find((found) => found);
      if (file !== undefined && other !== undefined && other !== member.certificate)
        return forces({
          kind: 'file',
          file,
          why: `${other} answers a name of it too and would be served from then on`,
        });
      for (const name of own) if (!names.has(name)) names.set(name, member.certificate);
    }
  }
  return nothing;
}

/** The certificates of each bind that loads several, in the order in which it loads them. */
function* certificatesByBind(index: FileIndex): Generator<readonly ListMember[]> {
  const lists = new Map<string, CertificateList>(index.lists.map((list) => [list.name, list]));
  const byLine = new Map<unknown, ListMember[]>();
  for (const { kind, name, line } of index.uses) {
    if (kind !== 'crt' && kind !== 'crt-list') continue;
    const found = byLine.get(line) ?? [];
    byLine.set(line, found);
    const list = lists.get(name.replace(/(?<=.)\/+$/, ''));
    if (list) found.push(...list.members);
    else found.push({ certificate: name, file: index.certificates.get(name), entry: undefined });
  }
  for (const members of byLine.values()) if (members.length > 1) yield members;
}

/**
 * Whether HAProxy gives a certificate that is loaded at runtime the settings of its bind and of its list's line: it does
 * so by way of the first name the certificate answers. Without one, as with only `!` and `*` for filters, clients would
 * no longer be asked for their certificates (seen on 2.6).
 */
export function keepsSettings(wanted: Release, index: FileIndex, certificate: string): boolean {
  const members = index.lists.flatMap((list) => list.members.filter((member) => member.certificate === certificate));
  const onBind = index.uses.some((use) => use.kind === 'crt' && use.name === certificate);
  const file = index.certificates.get(certificate);
  const all: ListMember[] = onBind ? [...members, { certificate, file, entry: undefined }] : members;
  return all.every((member) => namesOf(wanted, member).length > 0);
}

/** What the certificate answers, each with the kind of its key; nothing when it cannot be read here. */
function namesOf(release: Release, { file, entry }: ListMember): readonly string[] {
  const content = file === undefined ? undefined : release.files.get(file);
  const identity = content && identityOf(content);
  if (!identity) return [];
  const filters = entry === undefined ? [] : filtersOf(entry.text);
  return (filters.length > 0 ? filters : identity.names)
    .filter((name) => !/^(?:!.*|\*|)$/.test(name))
    .map((name) => `${identity.key} ${name.toLowerCase()}`);
}

/** `<crtfile> [\[options\]] [[!]<snifilter> ...]`, see `parseCrtList`. */
const filtersOf = (text: string): string[] =>
  text
    .replace(/^\S+\s*(?:\[[^\]]*\])?/, '')
    .split(/\s+/)
    .filter((word) => word !== '');
