import { crtBase, fileUses, setting, type FileUse } from '../model/file-use.ts';
import type { Capabilities } from './capabilities.ts';
import {
  changedCompanion,
  changedLists,
  forcedByFile,
  replacedCertificates,
  type FilesChange,
} from './diff-certificates.ts';
import { forces, merge, nothing, operations, type Findings } from './findings.ts';
import { indexFiles, mentionOf } from './file-index.ts';
import { isListed, mentionInFiles } from './file-mentions.ts';
import { fitsCommandLine } from './cli-text.ts';
import { mapEdits, mapFault, parseMapFile, parsePatternFile } from './map-file.ts';
import type { Operation } from './operation.ts';
import type { Release } from './release.ts';
import { overtakenCertificates } from './sni-order.ts';

/** Configuration manual, 3.2 "tune.bufsize". */
const defaultBufferBytes = 16_384;
const certificateKinds: readonly FileUse['kind'][] = ['crt', 'server-crt', 'crt-list'];

/**
 * Compares all files but the configuration. What they do is read from the configuration that runs: where the wanted one
 * loads a file otherwise, that line forces a reload anyway.
 */
export function diffFiles(running: Release, wanted: Release, can: Capabilities): Findings {
  const changed = changedFiles(running, wanted);
  if (changed.size === 0) return nothing;
  const uses = fileUses(running.config);
  const base = crtBase(running.config);
  const change: FilesChange = {
    running,
    wanted,
    before: indexFiles(running, uses, base),
    after: indexFiles(wanted, uses, base),
    can,
    bufferBytes: Number(setting(running.config, 'tune.bufsize') ?? defaultBufferBytes) || defaultBufferBytes,
  };
  const certificates = merge([replacedCertificates(change, changed), changedLists(change)]);
  // None of them is touched then while the reload waits.
  const overtaken = overtakenCertificates(wanted, change.after, touchedBy(certificates.operations));
  return merge([
    ...[...changed].map((file) => changedFile(change, file)),
    overtaken.forced.length > 0 ? overtaken : certificates,
  ]);
}

/** Certificates that are loaded anew, by name, with their files. */
const touchedBy = (operations: readonly Operation[]): ReadonlyMap<string, string> =>
  new Map(
    operations.flatMap((operation) =>
      operation.kind === 'replace-certificate' || operation.kind === 'add-certificate'
        ? [[operation.name, operation.file] as const]
        : [],
    ),
  );

/** Paths of files that are new, gone or different. */
export function changedFiles(running: Release, wanted: Release): ReadonlySet<string> {
  const changed = new Set<string>();
  if (running.files === wanted.files) return changed;
  for (const [path, { digest }] of wanted.files) if (running.files.get(path)?.digest !== digest) changed.add(path);
  for (const path of running.files.keys()) if (!wanted.files.has(path)) changed.add(path);
  return changed;
}

/**
 * One file beside its role as a certificate or list, which is looked at for all files together. Only a change whose
 * every use is known is no reload; what nothing names is not read, unless it may be named by what only HAProxy knows.
 */
function changedFile(change: FilesChange, file: string): Findings {
  const uses = change.before.direct.get(file) ?? [];
  const known = uses.length > 0 || isListed(change, file);
  const mention = mentionOf(change.before, change.running, file, known);
  if (mention)
    return forces({
      kind: 'line',
      model: change.running.config,
      section: mention.section,
      line: mention.line,
      why: `${file} changed, and HAProxy reads it here only when it starts`,
    });
  const elsewhere = mentionInFiles(change, file, known);
  if (elsewhere) return elsewhere;
  if (uses.length > 0 && !change.wanted.files.has(file)) return forcedByFile(file, 'it is in use and gone');
  const patterns = uses.filter((use) => !certificateKinds.includes(use.kind));
  return merge([
    changedCompanion(change, file),
    ...eachName(patterns).map((use) => changedPatterns(change, file, use)),
  ]);
}

/** One use for each name; a file that is a map anywhere is changed as a map. */
function eachName(uses: readonly FileUse[]): FileUse[] {
  const sorted = [...uses].sort((a, b) => Number(a.kind === 'map') - Number(b.kind === 'map'));
  return [...new Map(sorted.map((use) => [use.name, use])).values()];
}

function changedPatterns(change: FilesChange, file: string, use: FileUse): Findings {
  const no = (why: string) =>
    forces({ kind: 'line', model: change.running.config, section: use.section, line: use.line, why });
  if (!change.can.replaceMap) return no(`HAProxy ${change.can.version} replaces no maps at runtime`);
  const text = change.wanted.files.get(file)?.read() ?? '';
  if (use.kind === 'acl') {
    const odd = parsePatternFile(text).find((pattern) => !fitsCommandLine(pattern));
    return odd === undefined
      ? operations({ kind: 'replace-map', family: 'acl', name: use.name, file })
      : no(`a pattern of ${file} has characters that a command cannot carry safely`);
  }
  const entries = parseMapFile(text);
  const fault = mapFault(entries);
  if (fault !== undefined) return no(fault);
  const edits = mapEdits(parseMapFile(change.running.files.get(file)?.read() ?? ''), entries);
  if (edits?.length === 0) return nothing;
  return operations(
    edits
      ? { kind: 'edit-map', name: use.name, file, edits }
      : { kind: 'replace-map', family: 'map', name: use.name, file },
  );
}
