export * from './process/check.ts';
export * from './process/environment.ts';
export * from './process/redact.ts';
