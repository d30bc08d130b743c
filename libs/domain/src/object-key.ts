/** Where an object stands in the store, without the registry prefix: `pods/<namespace>/<name>`. */
export interface ObjectKey {
  readonly resource: 'pods' | 'configmaps' | 'secrets';
  readonly namespace: string;
  readonly name: string;
}

const resources = new Set<string>(['pods', 'configmaps', 'secrets']);

/** Reads `pods/<namespace>/<name>`; anything else is not an object Flotilla reads. */
export function parseObjectKey(path: string): ObjectKey | undefined {
  const [resource, namespace, name, ...rest] = path.split('/');
  if (!resource || !namespace || !name || rest.length > 0 || !resources.has(resource)) return undefined;
  return { resource: resource as ObjectKey['resource'], namespace, name };
}

export const formatObjectKey = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;
