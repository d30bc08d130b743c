import { FlotillaError } from '@flotilla/domain';

/**
 * Thrown when stored artifacts cannot be read or written as they should be. Codes:
 *
 * - `bundle`: the bundle itself cannot be published (an unsafe path, two files of one path)
 * - `artifact-damaged`: what Redis holds does not fit its digest or its form
 * - `artifact-missing`: a version or a blob of it is not in Redis
 * - `publish-contention`: others published faster, attempt after attempt
 */
export class ArtifactError extends FlotillaError {
  constructor(
    code: 'bundle' | 'artifact-damaged' | 'artifact-missing' | 'publish-contention',
    message: string,
    options: { cause?: unknown; data?: Record<string, unknown> } = {},
  ) {
    super(code, message, options);
  }
}
