export { Cluster } from './cluster.ts';
export type { TakenChanges } from './field-record.ts';
export { fleetObjects, type FleetObjects } from './fleet-state.ts';
