import { forcedByFile, type FilesChange } from './diff-certificates.ts';
import { namesFile, namesFolder, type CertificateList } from './file-index.ts';
import { forces, type Findings } from './findings.ts';

const listsOf = ({ before, after }: FilesChange): CertificateList[] => [...before.lists, ...after.lists];

/** A member of a list or directory that is in use, before or after the change. */
export const isListed = (change: FilesChange, file: string): boolean =>
  listsOf(change).some((list) => list.members.some((member) => member.file === file));

/** What other files say of a file: the options of a crt-list's lines, and Lua, which can read any file. */
export function mentionInFiles(change: FilesChange, file: string, known: boolean): Findings | undefined {
  const path = `${change.running.root}/${file}`;
  for (const list of listsOf(change)) {
    const member = list.members.find(({ entry }) =>
      entry?.text
        .split(/[\s[\]]+/)
        .slice(1)
        .some((word) => namesFile(word, path) || namesFolder(word, path, change.running.root)),
    );
    if (member?.entry && list.file !== undefined)
      return forces({
        kind: 'file',
        file: list.file,
        line: member.entry.line,
        text: member.entry.text,
        why: `${file} changed, and HAProxy reads it here only when it starts`,
      });
  }
  return luaMention(change, file, known);
}

function luaMention({ running }: FilesChange, file: string, known: boolean): Findings | undefined {
  const loads = running.config.sections.some(
    ({ kind, rules }) => kind === 'global' && rules.some(({ keyword }) => keyword.startsWith('lua-load')),
  );
  if (!loads) return undefined;
  const name = file.slice(file.lastIndexOf('/') + 1);
  const scripts = [...running.files].filter(([path]) => path.endsWith('.lua'));
  const names = scripts.some(([, script]) => script.read().includes(name));
  return !known || names ? forcedByFile(file, 'it changed, and Lua may have read it when HAProxy started') : undefined;
}
