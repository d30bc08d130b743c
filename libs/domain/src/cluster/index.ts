export { Cluster, type ClusterOptions } from './cluster.ts';
export type { TakenChanges } from './field-record.ts';
export { endpointProjections, objectOf, objectsRead, writtenProjections } from './projections.ts';
export type { WrittenInputs } from './written-entries.ts';
