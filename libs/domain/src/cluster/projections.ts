import type { FleetName } from '../brands.ts';
import { certificateNameFault } from '../data-key.ts';
import type { InputPart } from '../input-parts.ts';
import { type ObjectKey, formatObjectKey } from '../object-key.ts';
import { parseServiceEntry } from '../service-entry.ts';
import type { FleetServices } from './fleet-services.ts';
import { PodProjection } from './pods.ts';
import type { EndpointProjection, WrittenProjection } from './projection.ts';
import { CertificateReader } from './read-certificates.ts';
import { readConfig } from './read-config.ts';
import { readServices } from './read-services.ts';

/** What people write for a fleet, in the order in which it is looked at. */
export const writtenProjections: readonly WrittenProjection[] = [
  {
    parts: ['service'],
    objects: [{ resource: 'configmaps', name: 'services' }],
    isVital: true,
    isSelecting: true,
    whenDeleted: 'together',
    createReader:
      ([object = '']) =>
      ([text]) =>
        readServices(object, text),
    isUsable: (name, [text]) => parseServiceEntry(name, text).ok,
  },
  {
    parts: ['config'],
    objects: [{ resource: 'configmaps', name: 'config' }],
    isVital: true,
    whenDeleted: 'until-told',
    createReader:
      ([object = '']) =>
      ([text]) =>
        readConfig(object, text),
    isUsable: () => true,
  },
  {
    parts: ['certificate', 'key'],
    objects: [
      { resource: 'configmaps', name: 'certificates' },
      { resource: 'secrets', name: 'keys' },
    ],
    isVital: false,
    whenDeleted: 'each',
    goneReason: ([, keys]) => `it was deleted, and its key in ${keys}`,
    createReader: ([certificates = '', keys = '']) => {
      const reader = new CertificateReader(certificates, keys);
      return ([certificatesText, keysText]) => reader.read(certificatesText, keysText);
    },
    isUsable: (name) => certificateNameFault(name) === undefined,
  },
];

/** What fleets get through their services: the part it makes, and the resource it reads in all namespaces. */
export const endpointProjections: readonly {
  readonly part: InputPart;
  readonly resource: string;
  readonly create: (fleets: readonly FleetServices[]) => EndpointProjection;
}[] = [{ part: 'pod', resource: 'pods', create: (fleets) => new PodProjection(fleets) }];

/** What a source has to bring for these fleets. */
export const objectsRead = (
  fleets: readonly FleetName[],
): { readonly resources: readonly string[]; readonly objects: readonly ObjectKey[] } => ({
  resources: endpointProjections.map(({ resource }) => resource),
  objects: fleets.flatMap((namespace) =>
    writtenProjections.flatMap(({ objects }) => objects.map((object) => ({ ...object, namespace }))),
  ),
});

/** The object that people write an entry of the part into; for messages. */
export function objectOf(part: InputPart, fleet: FleetName): string {
  for (const { parts, objects } of writtenProjections) {
    const object = objects[parts.indexOf(part)];
    if (object) return formatObjectKey({ ...object, namespace: fleet });
  }
  throw new RangeError(`nobody writes the part ${part}`);
}
