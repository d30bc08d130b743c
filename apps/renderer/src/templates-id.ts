import { createHash } from 'node:crypto';
import { type InputField, inputField } from '@flotilla/domain';

const configPrefix = inputField('config', '');

/** What a fleet's templates are known by; another one as soon as one of them changes. */
export function templatesId(fields: ReadonlyMap<InputField, string>): string {
  const templates = [...fields]
    .filter(([field]) => field.startsWith(configPrefix))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(templates)).digest('hex');
}
