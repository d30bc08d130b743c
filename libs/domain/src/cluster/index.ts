export { Cluster, type ClusterOptions } from './cluster.ts';
export type { TakenChanges } from './field-record.ts';
export { fleetObjects, type FleetObjects } from './fleet-objects.ts';
export type { WrittenInputs } from './fleet-state.ts';
