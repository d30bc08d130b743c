export * from './etcd2/index.ts';
export * from './files/index.ts';
