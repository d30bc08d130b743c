export { type Etcd2Endpoint, parseEndpoints } from './endpoint.ts';
export { EndpointError, type Etcd2ErrorCode } from './errors.ts';
export type { Etcd2Event, ListReason } from './events.ts';
export type { Etcd2Options } from './options.ts';
export { type Etcd2Source, type Etcd2Status, createEtcd2Source } from './source.ts';
