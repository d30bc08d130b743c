import { FlotillaError } from '@flotilla/domain';

/** Thrown when a folder of manifests cannot be used; names the file and the document in it, never a value. */
export class ManifestError extends FlotillaError {
  constructor(where: string, what: string, cause?: unknown) {
    super('manifest', `${where}: ${what}`, { cause, data: { where } });
  }
}
