import type { FleetName } from '../brands.ts';
import { formatObjectKey } from '../object-key.ts';

/** The paths of the four objects that configure a fleet. */
export interface FleetObjects {
  readonly services: string;
  readonly config: string;
  readonly certificates: string;
  readonly keys: string;
}

export function fleetObjects(fleet: FleetName): FleetObjects {
  const at = (resource: 'configmaps' | 'secrets', name: string): string =>
    formatObjectKey({ resource, namespace: fleet, name });
  return {
    services: at('configmaps', 'services'),
    config: at('configmaps', 'config'),
    certificates: at('configmaps', 'certificates'),
    keys: at('secrets', 'keys'),
  };
}
