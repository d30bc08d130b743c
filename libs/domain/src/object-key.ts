/** Where an object stands, whatever the source: its resource as in the paths of Kubernetes' API (`pods`), namespace, name. */
export interface ObjectKey {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reads `<resource>/<namespace>/<name>`; undefined for anything else. */
export function parseObjectKey(path: string): ObjectKey | undefined {
  const [resource, namespace, name, ...rest] = path.split('/');
  return resource && namespace && name && rest.length === 0 ? { resource, namespace, name } : undefined;
}

export const formatObjectKey = ({ resource, namespace, name }: ObjectKey): string => `${resource}/${namespace}/${name}`;
