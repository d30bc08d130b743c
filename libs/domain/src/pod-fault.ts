import { isIP } from 'node:net';
import { type Json, type JsonObject, isJsonObject } from './json.ts';
import { isLabelKey, isLabelName, isLabelValue, isSubdomainName } from './kubernetes-names.ts';
import type { ObjectKey } from './object-key.ts';

/**
 * Why an object cannot be a pod that the API server would store, or undefined when it can. What a template writes into
 * haproxy.cfg must be what it is taken for: an address with a newline in it would become a rule of its own. Fields that
 * are not there are no fault.
 */
export function podFault(pod: JsonObject, { namespace, name }: ObjectKey): string | undefined {
  if (!isSubdomain(name)) return `the name is none that Kubernetes allows; ${mend}`;
  if (!isLabel(namespace)) return `the namespace is none that Kubernetes allows; ${mend}`;
  for (const [path, isWellFormed, what] of checkedFields) {
    for (const value of valuesAt(pod, path.split('.'))) {
      if (value !== undefined && value !== null && value !== '' && !isWellFormed(value)) {
        return `"${path}" is not ${what}; ${mend}`;
      }
    }
  }
  const { metadata } = pod;
  if (isJsonObject(metadata) && typeof metadata['name'] === 'string' && metadata['name'] !== name) {
    return `"metadata.name" is another name than that of the object; ${mend}`;
  }
  return undefined;
}

const mend = 'it is no backend until it is written anew';

const isLabel = (value: unknown): boolean => typeof value === 'string' && isLabelName(value);
const isSubdomain = (value: unknown): boolean => typeof value === 'string' && isSubdomainName(value);
/** A zone (`fe80::1%eth0`) means something on one machine only. */
const isAddress = (value: unknown): boolean => typeof value === 'string' && isIP(value) !== 0 && !value.includes('%');
const isPort = (value: unknown): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65_535;
const areLabels = (value: Json): boolean =>
  isJsonObject(value) &&
  Object.entries(value).every(([key, text]) => isLabelKey(key) && typeof text === 'string' && isLabelValue(text));
const isProtocol = (value: unknown): boolean => ['TCP', 'UDP', 'SCTP'].includes(value as string);

const checkedFields: readonly (readonly [path: string, isWellFormed: (value: Json) => boolean, what: string])[] = [
  ['status.podIP', isAddress, 'an IP address'],
  ['status.podIPs.*.ip', isAddress, 'an IP address'],
  ['status.hostIP', isAddress, 'an IP address'],
  ['status.hostIPs.*.ip', isAddress, 'an IP address'],
  ['metadata.name', isSubdomain, 'a name that Kubernetes allows'],
  ['metadata.namespace', isLabel, 'a name that Kubernetes allows'],
  ['metadata.labels', areLabels, 'a set of labels that Kubernetes allows'],
  ['spec.nodeName', isSubdomain, 'a name that Kubernetes allows'],
  ['spec.hostname', isLabel, 'a name that Kubernetes allows'],
  ['spec.subdomain', isLabel, 'a name that Kubernetes allows'],
  ['spec.containers.*.name', isLabel, 'a name that Kubernetes allows'],
  ['spec.containers.*.ports.*.name', isLabel, 'a name that Kubernetes allows'],
  ['spec.containers.*.ports.*.containerPort', isPort, 'a port'],
  ['spec.containers.*.ports.*.hostPort', isPort, 'a port'],
  ['spec.containers.*.ports.*.hostIP', isAddress, 'an IP address'],
  ['spec.containers.*.ports.*.protocol', isProtocol, 'TCP, UDP or SCTP'],
];

/** Every value at a path; `*` goes through a list. What is of another type than the path needs has no values there. */
function valuesAt(value: Json | undefined, [step, ...rest]: readonly string[]): (Json | undefined)[] {
  if (step === undefined) return [value];
  if (step === '*') return Array.isArray(value) ? (value as Json[]).flatMap((each) => valuesAt(each, rest)) : [];
  return isJsonObject(value) ? valuesAt(value[step], rest) : [];
}
