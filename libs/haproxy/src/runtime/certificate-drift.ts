import { crtBase, fileUses } from '../model/file-use.ts';
import { cliWord } from '../plan/cli-text.ts';
import { indexFiles, type FileIndex } from '../plan/file-index.ts';
import type { Operation } from '../plan/operation.ts';
import { identityOf } from '../plan/certificate-identity.ts';
import type { Release } from '../plan/release.ts';
import { keepsSettings } from '../plan/sni-order.ts';
import { certificateDifference, parseCertificate, parseCrtListState } from './certificate-state.ts';
import type { Drift } from './find-drift.ts';
import type { RuntimeSocket } from './socket.ts';

/** A release is compared again and again while it is live. */
const indexes = new WeakMap<Release, FileIndex>();

function indexOf(release: Release): FileIndex {
  const known = indexes.get(release);
  if (known) return known;
  const index = indexFiles(release, fileUses(release.config), crtBase(release.config));
  indexes.set(release, index);
  return index;
}

/** The fingerprint of every certificate of the release, and the members of its lists and directories. */
export async function certificateDrift(
  socket: RuntimeSocket,
  release: Release,
  signal: AbortSignal | undefined,
): Promise<Drift[]> {
  const index = indexOf(release);
  return [...(await fingerprintDrift(socket, release, index, signal)), ...(await listDrift(socket, index, signal))];
}

const certificatesPerStep = 100;

async function fingerprintDrift(
  socket: RuntimeSocket,
  release: Release,
  index: FileIndex,
  signal: AbortSignal | undefined,
): Promise<Drift[]> {
  const drift: Drift[] = [];
  const all = [...index.certificates];
  for (let from = 0; from < all.length; from += certificatesPerStep) {
    const held = all.slice(from, from + certificatesPerStep).flatMap(([name, file]) => {
      const content = file === undefined ? undefined : release.files.get(file);
      const wanted = content && identityOf(content);
      return wanted === undefined || file === undefined ? [] : [{ name, file, wanted }];
    });
    const answers = await socket.askAll(
      held.map(({ name }) => `show ssl cert ${cliWord(name)}`),
      { signal },
    );
    held.forEach(({ name, file, wanted }, at) => {
      const found = parseCertificate(answers[at] ?? '');
      const difference = certificateDifference(found, wanted);
      if (!difference) return;
      const mendable = found !== undefined && keepsSettings(release, index, name);
      const mend: Operation | undefined = mendable ? { kind: 'replace-certificate', name, file } : undefined;
      drift.push({ what: `certificate ${name}`, ...difference, mend });
    });
  }
  return drift;
}

async function listDrift(socket: RuntimeSocket, index: FileIndex, signal: AbortSignal | undefined): Promise<Drift[]> {
  const answers = await socket.askAll(
    index.lists.map(({ name }) => `show ssl crt-list -n ${cliWord(name)}`),
    { signal },
  );
  return index.lists.flatMap(({ name, members }, at): Drift[] => {
    const wanted = members
      .map(({ certificate }) => certificate)
      .sort()
      .join(' ');
    const found = parseCrtListState(answers[at] ?? '')
      .sort()
      .join(' ');
    return wanted === found ? [] : [{ what: `list ${name}`, wanted, found, mend: undefined }];
  });
}
