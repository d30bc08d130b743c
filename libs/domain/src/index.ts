export * from './app-report.ts';
export * from './artifact.ts';
export * from './brands.ts';
export * from './bundle-layout.ts';
export * from './certificate.ts';
export * from './certificate-files.ts';
export * from './cluster/index.ts';
export * from './data-key.ts';
export * from './errors.ts';
export * from './fleet-hold.ts';
export * from './fleet-desired.ts';
export * from './fleet-meta.ts';
export * from './input-parts.ts';
export * from './inputs.ts';
export * from './json.ts';
export * from './lives.ts';
export * from './node-report.ts';
export * from './node-wish.ts';
export * from './object-key.ts';
export * from './pem.ts';
export * from './pod-fault.ts';
export * from './problem.ts';
export * from './readiness.ts';
export * from './redis-keys.ts';
export {
  type Read,
  digestSchema,
  identitySchema,
  parseAs,
  readJson,
  readValue,
} from './schema.ts';
export * from './render-job.ts';
export * from './sealing.ts';
export * from './selector.ts';
export * from './service-entry.ts';
export * from './source.ts';
