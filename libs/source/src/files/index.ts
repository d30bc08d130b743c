export { ManifestError } from './errors.ts';
export { type ManifestObject, parseManifest } from './manifest.ts';
export { createFilesSource, readManifests } from './source.ts';
