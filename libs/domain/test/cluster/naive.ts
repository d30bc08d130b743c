import {
  type Problem,
  certificateFault,
  inputField,
  isDataKey,
  isReady,
  matches,
  parseJsonObject,
  parseServiceEntry,
} from '../../src/index.ts';

type Fields = Map<string, string>;
type Data = Record<string, unknown>;

/**
 * The rules of the cluster model written down a second time, without any state: all fields of fleet `lb` from all
 * objects, and the fields of before where a last good value stays. Slow and plain on purpose.
 */
export function naiveFields(objects: ReadonlyMap<string, string>, before: Fields): Fields {
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
  const data = (object: string, isOptional: boolean): Data | undefined => {
    const text = objects.get(object);
    const parsed = text === undefined ? undefined : parseJsonObject(text);
    const value = parsed?.ok ? parsed.value['data'] : undefined;
    if (typeof value === 'object' && value !== null) return value as Data;
    if (isOptional && (parsed === undefined || (parsed.ok && value === undefined))) return {};
    tell({ object, code: 'missing', reason: '' });
    return undefined;
  };

  const services = data('configmaps/lb/services', false);
  if (!services) keep('service');
  for (const [key, value] of Object.entries(services ?? {})) {
    const parsed = parseServiceEntry(key, value);
    if (parsed.ok) fields.set(inputField('service', key), parsed.entry.text);
    else tell({ object: 'configmaps/lb/services', key, code: 'bad-service', reason: '' });
    if (!parsed.ok && isDataKey(key)) keep('service', key);
  }

  const config = data('configmaps/lb/config', false);
  if (!config) keep('config');
  else if (!config['template']) {
    keep('config', 'template');
    tell({ object: 'configmaps/lb/config', key: 'template', code: 'missing', reason: '' });
  }
  for (const [key, value] of Object.entries(config ?? {}))
    if (value) fields.set(inputField('config', key), value as string);

  const certificates = data('configmaps/lb/certificates', true);
  const keys = data('secrets/lb/keys', true);
  if (!certificates || !keys) for (const part of ['certificate', 'key'] as const) keep(part);
  else pairUp(certificates, keys);

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
    for (const name of new Set([...Object.keys(certs), ...Object.keys(privateKeys)])) {
      const [certificate, key] = [certs[name], privateKeys[name]];
      const object = certificate === undefined ? 'secrets/lb/keys' : 'configmaps/lb/certificates';
      const decoded = typeof key === 'string' ? Buffer.from(key, 'base64').toString() : '';
      if (certificate !== undefined && key !== undefined && !certificateFault(certificate as string, decoded)) {
        fields.set(inputField('certificate', name), certificate as string);
        fields.set(inputField('key', name), decoded);
        continue;
      }
      tell({ object, key: name, code: 'bad-certificate', reason: '' });
      if (certificate === undefined || key === undefined) continue;
      keep('certificate', name);
      keep('key', name);
    }
  }
}
