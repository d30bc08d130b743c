import {
  type Problem,
  inputField,
  isDataKey,
  isReady,
  matches,
  parseJsonObject,
  parseServiceEntry,
  readCertificatePair,
} from '../../src/index.ts';

type Fields = Map<string, string>;
type Data = Record<string, unknown>;

/** What the rules remember from one step to the next. */
export interface Naive {
  fields: Fields;
  isHeld: boolean;
  /** Since when something is missing, by the name of the certificate, or `` for all services. */
  missing: Map<string, { since: number; isNamed: boolean }>;
}

export const graceMs = 1_000;

/**
 * The rules of the cluster model written down a second time, without any cleverness: all fields of fleet `lb` from all
 * objects, and the fields of before where a last good value stays. Slow and plain on purpose.
 */
export function naiveStep(objects: ReadonlyMap<string, string>, before: Naive, now: number, event?: NaiveEvent): Naive {
  const had = (...parts: string[]) =>
    [...before.fields.keys()].some((field) => parts.includes(field.split('/')[0] ?? ''));
  const isGone = !objects.has('configmaps/lb/services') && !objects.has('configmaps/lb/config');
  const isHeld =
    event === 'end hold' || event === 'believe'
      ? false
      : before.isHeld || (event !== 'wait' && isGone && had('service', 'config'));
  const missing = new Map(before.missing);
  const computed = naiveFields(objects, before.fields, missing, now, event === 'believe');
  if (!isHeld) return { fields: computed, isHeld, missing };
  return {
    fields: new Map([
      ...[...before.fields].filter(([field]) => !field.startsWith('problem/')),
      ...[...naiveFields(objects, before.fields, new Map(before.missing), now, false, true)].filter(
        ([f]) => f.startsWith('problem/') && !isOfPod(f),
      ),
      ...podProblems(objects, before.fields),
    ]),
    isHeld,
    missing: before.missing,
  };
}

export type NaiveEvent = 'end hold' | 'believe' | 'wait';

const isOfPod = (field: string) => field.startsWith('problem/pods');

/** A held fleet is told of the pods that its services of before could have. */
function podProblems(objects: ReadonlyMap<string, string>, fields: Fields): [string, string][] {
  const namespaces = [...fields].flatMap(([field, text]) =>
    field.startsWith('service/') ? [(JSON.parse(text) as { namespace: string }).namespace] : [],
  );
  return [...objects].flatMap(([path, text]): [string, string][] => {
    const [resource, namespace = ''] = path.split('/');
    const isBad = resource === 'pods' && namespaces.includes(namespace) && !parseJsonObject(text).ok;
    return isBad ? [[inputField('problem', path), '']] : [];
  });
}

function naiveFields(
  objects: ReadonlyMap<string, string>,
  before: Fields,
  missing: Naive['missing'],
  now: number,
  isBelieved: boolean,
  isHeld = false,
): Fields {
  const fields: Fields = new Map();
  const tell = (problem: Problem) => {
    const names = [problem.object, ...(problem.key === undefined ? [] : [problem.key])];
    fields.set(inputField('problem', ...names), '');
  };
  const keep = (part: 'service' | 'config' | 'certificate' | 'key', name?: string) => {
    for (const [field, value] of before) {
      if (name === undefined ? field.startsWith(`${part}/`) : field === inputField(part, name))
        fields.set(field, value);
    }
  };
  /** Whether something that is missing serves on. */
  const serves = (name: string, isNamed: boolean): boolean => {
    if (isHeld) return true;
    const note = missing.get(name) ?? { since: now, isNamed };
    missing.set(name, note);
    const isOver = isBelieved || now - note.since >= graceMs || (note.isNamed && !isNamed);
    if (isOver) missing.delete(name);
    return !isOver;
  };
  const data = (object: string, isOptional: boolean): Data | 'absent' | 'bad' => {
    const text = objects.get(object);
    const parsed = text === undefined ? undefined : parseJsonObject(text);
    const value = parsed?.ok ? parsed.value['data'] : undefined;
    if (typeof value === 'object' && value !== null) return value as Data;
    const isAbsent = parsed === undefined || (parsed.ok && value === undefined);
    if (!isOptional || !isAbsent) tell({ object, code: 'missing', reason: '' });
    return isAbsent ? 'absent' : 'bad';
  };

  const services = data('configmaps/lb/services', false);
  const hadServices = [...before.keys()].some((field) => field.startsWith('service/'));
  if (services === 'bad' || (services === 'absent' && hadServices && serves('', false))) keep('service');
  if (services !== 'absent') missing.delete('');
  for (const [key, value] of Object.entries(typeof services === 'object' ? services : {})) {
    const parsed = parseServiceEntry(key, value);
    if (parsed.ok) fields.set(inputField('service', key), parsed.entry.text);
    else tell({ object: 'configmaps/lb/services', key, code: 'bad-service', reason: '' });
    if (!parsed.ok && isDataKey(key)) keep('service', key);
  }

  const config = data('configmaps/lb/config', false);
  if (config === 'bad' || (config === 'absent' && !isBelieved)) keep('config');
  else if (typeof config === 'object' && !config['template']) {
    keep('config', 'template');
    tell({ object: 'configmaps/lb/config', key: 'template', code: 'missing', reason: '' });
  }
  for (const [key, value] of Object.entries(typeof config === 'object' ? config : {}))
    if (value) fields.set(inputField('config', key), value as string);

  const certificates = data('configmaps/lb/certificates', true);
  const keys = data('secrets/lb/keys', true);
  if (certificates === 'bad' || keys === 'bad') {
    for (const part of ['certificate', 'key'] as const) keep(part);
    for (const name of [...missing.keys()].filter((each) => each !== '')) {
      if (isHeld) tell({ object: 'configmaps/lb/certificates', key: name, code: 'missing', reason: '' });
      missing.delete(name);
    }
  } else pairUp(certificates === 'absent' ? {} : certificates, keys === 'absent' ? {} : keys);
  for (const [name, { since, isNamed }] of missing) {
    const field = name === '' ? inputField('missing', 'service') : inputField('missing', 'certificate', name);
    fields.set(field, JSON.stringify({ since: new Date(since).toISOString(), isNamed }));
  }

  for (const [path, text] of objects) {
    const [resource, namespace = '', pod = ''] = path.split('/');
    if (resource !== 'pods') continue;
    const parsed = parseJsonObject(text);
    for (const [field, value] of [...fields]) {
      if (!field.startsWith('service/')) continue;
      const service = JSON.parse(value) as { namespace: string; selector: Record<string, string> };
      if (service.namespace !== namespace) continue;
      if (!parsed.ok) tell({ object: path, code: 'not-json', reason: '' });
      else if (isReady(parsed.value)) {
        const labels = (parsed.value['metadata'] as { labels?: Record<string, string> }).labels ?? {};
        if (matches(service.selector, labels)) fields.set(inputField('pod', field.slice('service/'.length), pod), text);
      }
    }
  }
  return fields;

  function pairUp(certs: Data, privateKeys: Data) {
    const isNamed = (name: string) =>
      [...fields].some(([field, text]) => field.startsWith('service/') && (JSON.parse(text) as Data)['tls'] === name);
    const had = [...before.keys()].flatMap((field) => (field.startsWith('certificate/') ? [field.slice(12)] : []));
    for (const name of new Set([...Object.keys(certs), ...Object.keys(privateKeys), ...had])) {
      const [certificate, key] = [certs[name], privateKeys[name]];
      const object = certificate === undefined && key !== undefined ? 'secrets/lb/keys' : 'configmaps/lb/certificates';
      const isWhole = certificate !== undefined && key !== undefined;
      // Nothing begins to be missing during a hold.
      if (isHeld && certificate === undefined && key === undefined && !missing.has(name)) continue;
      const decoded = typeof key === 'string' ? Buffer.from(key, 'base64').toString() : '';
      const read = isWhole ? readCertificatePair(certificate as string, decoded) : undefined;
      if (isWhole) missing.delete(name);
      if (read?.ok) {
        fields.set(inputField('certificate', name), read.pair.certificate);
        fields.set(inputField('key', name), read.pair.key);
        continue;
      }
      const isServed = isWhole || (had.includes(name) && serves(name, isNamed(name)));
      if (isServed || certificate !== undefined || key !== undefined) {
        tell({ object, key: name, code: 'bad-certificate', reason: '' });
      }
      if (!isServed) continue;
      keep('certificate', name);
      keep('key', name);
    }
  }
}
