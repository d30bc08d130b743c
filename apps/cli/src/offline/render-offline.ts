import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type BundleFile,
  CertificateFiles,
  Cluster,
  type FieldChanges,
  type FleetName,
  type Problem,
  type StoredObject,
  formatProblem,
  holdsToken,
  inputField,
  parseInputField,
  placeRelease,
} from '@flotilla/domain';
import { RenderThread, type TemplateSettings, defaultLimits } from '@flotilla/template';

export interface OfflineBundle {
  readonly files: readonly BundleFile[];
  /** Entries that were set aside, in words. */
  readonly problems: readonly string[];
}

/**
 * Renders a fleet from stored objects, as the watcher and a renderer would, without any server.
 * Throws `TemplateError` or `TemplateLimitError`.
 */
export async function renderOffline(
  objects: readonly StoredObject[],
  options: { fleet: FleetName; settings: TemplateSettings },
): Promise<OfflineBundle> {
  const cluster = new Cluster([options.fleet]);
  cluster.replace(objects, 0);
  const { changes } = cluster.takeChanges(options.fleet);
  const problems = problemsIn(changes);
  const thread = new RenderThread({ settings: options.settings, limits: defaultLimits });
  try {
    thread.update(changes);
    const rendered = await thread.render();
    return { files: [...rendered, ...certificateFiles(changes)], problems };
  } finally {
    await thread.close();
  }
}

function problemsIn(changes: FieldChanges): string[] {
  return [...changes].flatMap(([field, value]) =>
    value !== null && parseInputField(field).part === 'problem' ? [formatProblem(JSON.parse(value) as Problem)] : [],
  );
}

function certificateFiles(changes: FieldChanges): readonly BundleFile[] {
  const fields = new Map([...changes].flatMap(([field, value]) => (value === null ? [] : [[field, value] as const])));
  const names = [...fields.keys()]
    .map(parseInputField)
    .filter(({ part, names: [name = ''] }) => part === 'certificate' && fields.has(inputField('key', name)))
    .map(({ names: [name = ''] }) => name);
  return new CertificateFiles().build(names.sort(), fields);
}

/** Writes a bundle as a release folder; paths in the rendered text point into it. Files 0600, folders 0700. */
export async function writeBundle(folder: string, files: readonly BundleFile[]): Promise<void> {
  for (const { path, content } of files) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true, mode: 0o700 });
    await writeFile(target, holdsToken(path) ? placeRelease(content.toString(), folder) : content, { mode: 0o600 });
  }
}
