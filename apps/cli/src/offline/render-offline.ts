import {
  type BundleFile,
  CertificateFiles,
  Cluster,
  type FieldChanges,
  type FleetName,
  FlotillaError,
  type StoredObject,
  formatProblem,
  inputField,
  isFieldOf,
  parseInputField,
  sourcePosition,
  parseProblem,
} from '@flotilla/domain';
import { RenderProcess, type TemplateSettings, defaultLimits } from '@flotilla/template';

/** What came of a render; `problems` are the entries that were set aside, in words. */
export type OfflineRender =
  | { readonly kind: 'rendered'; readonly files: readonly BundleFile[]; readonly problems: readonly string[] }
  | { readonly kind: 'failed'; readonly error: FlotillaError; readonly problems: readonly string[] };

/** Renders a fleet from stored objects, as the watcher and a renderer would, without any server. */
export async function renderOffline(
  objects: readonly StoredObject[],
  options: { fleet: FleetName; settings: TemplateSettings },
): Promise<OfflineRender> {
  // One state has no order.
  const cluster = new Cluster([options.fleet], { comesBefore: () => false });
  cluster.replace(objects, sourcePosition(''));
  const { changes } = cluster.takeChanges(options.fleet);
  const problems = problemsIn(changes);
  const templates = new RenderProcess({ settings: options.settings, limits: defaultLimits });
  try {
    templates.update(changes);
    const rendered = await templates.render();
    return { kind: 'rendered', files: [...rendered, ...certificateFiles(changes)], problems };
  } catch (error) {
    // The template's own fault, or a limit: an answer. Anything else is a fault of this program.
    if (error instanceof FlotillaError) return { kind: 'failed', error, problems };
    throw error;
  } finally {
    await templates.close();
  }
}

function problemsIn(changes: FieldChanges): string[] {
  return [...changes].flatMap(([field, value]) =>
    value !== null && isFieldOf('problem', field)
      ? [parseProblem(value)].filter((each) => each !== undefined).map(formatProblem)
      : [],
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
