import { type Document, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import {
  type JsonObject,
  type ObjectKey,
  type StoredObject,
  formatObjectKey,
  sourcePosition,
  isJsonObject,
} from '@flotilla/domain';
import { ManifestError } from './errors.ts';

/** Files have no order of their states. */
export const nowhere = sourcePosition('');

/** One object of a manifest and where it stands, for messages. */
export interface ManifestObject extends StoredObject {
  readonly where: string;
}

const strings = mapOf(z.string('must be a string; put quotes around a number, true, false or null'));
// Line breaks inside are allowed, as the API server allows them.
const base64 = mapOf(
  z
    .string('must be a string')
    .transform((text) => text.replace(/[\r\n]/g, ''))
    .pipe(z.base64('must be base64; use stringData for plain text')),
);
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const metadata = z.looseObject({
  name: z.string().min(1),
  namespace: optional(z.string().min(1)),
  labels: optional(strings),
});

const schemas = {
  Pod: z.looseObject({ metadata }),
  ConfigMap: z.looseObject({ metadata, data: optional(strings) }),
  Secret: z.looseObject({ metadata, data: optional(base64), stringData: optional(strings) }),
};

const resources = { Pod: 'pods', ConfigMap: 'configmaps', Secret: 'secrets' } as const satisfies Record<
  keyof typeof schemas,
  ObjectKey['resource']
>;

/**
 * The pods, configmaps and secrets of one manifest as `kubectl apply -f` takes it: YAML or JSON, several documents,
 * lists of objects. Other kinds are left out. As the API server does, it puts objects without a namespace into
 * `default` and turns a secret's `stringData` into base64 `data`.
 */
export function parseManifest(file: string, text: string): ManifestObject[] {
  const documents = parseAllDocuments(text, { merge: true });
  return documents.flatMap((document, position) => {
    const where = documents.length > 1 ? `${file}, document ${position + 1}` : file;
    const [fault] = document.errors;
    if (fault) {
      // Only code and place: the parser's message quotes the text, which may be a secret's.
      const [start] = fault.linePos ?? [];
      throw new ManifestError(where, `not valid YAML: ${fault.code}${start ? ` at line ${start.line}` : ''}`);
    }
    return objectsOf(valueOf(document, where), where);
  });
}

function valueOf(document: Document, where: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new ManifestError(where, 'its YAML aliases cannot be resolved', error);
  }
}

function objectsOf(value: unknown, where: string): ManifestObject[] {
  if (value === null || value === undefined) return [];
  if (!isJsonObject(value)) throw new ManifestError(where, 'not an object with "kind"');
  const { kind, items } = value;
  if (typeof kind !== 'string') throw new ManifestError(where, '"kind" is missing');
  if (kind.endsWith('List') && Array.isArray(items)) {
    // Items of a typed list such as PodList may leave out their kind.
    const own = kind.slice(0, -'List'.length);
    return items.flatMap((item: unknown, position) =>
      objectsOf(isJsonObject(item) && own !== '' ? { kind: own, ...item } : item, `${where}, item ${position + 1}`),
    );
  }
  return isRead(kind) ? [objectOf(kind, value, where)] : [];
}

/** Values by any name. The library's own record leaves `__proto__` out without a word, which is a good data key. */
function mapOf(valueSchema: z.ZodType<string>) {
  return z.unknown().transform((value, context): Record<string, string> => {
    if (!isJsonObject(value)) {
      context.addIssue({ code: 'custom', message: 'must be an object' });
      return z.NEVER;
    }
    const entries: [string, string][] = [];
    for (const [name, given] of Object.entries(value)) {
      const read = valueSchema.safeParse(given);
      if (read.success) entries.push([name, read.data]);
      else context.addIssue({ code: 'custom', message: read.error.issues[0]?.message ?? '', path: [name] });
    }
    return Object.fromEntries(entries);
  });
}

const isRead = (kind: string): kind is keyof typeof schemas => Object.hasOwn(schemas, kind);

function objectOf(kind: keyof typeof schemas, value: JsonObject, where: string): ManifestObject {
  const parsed = schemas[kind].safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ManifestError(where, `${kind}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'is not usable'}`);
  }
  const { stringData, ...object } = parsed.data as z.infer<(typeof schemas)['Secret']>;
  const { name, namespace = 'default' } = object.metadata;
  const path = formatObjectKey({ resource: resources[kind], namespace, name });
  const data = stringData ? { data: { ...object.data, ...encoded(stringData) } } : {};
  const stored = { ...object, ...data, metadata: { ...object.metadata, namespace } };
  return { path, text: JSON.stringify(stored), position: nowhere, where };
}

const encoded = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
