import { ArtifactError } from '@flotilla/artifact';
import { FlotillaError, SealError, reasonOf } from '@flotilla/domain';
import { ConfigError } from '@flotilla/runtime';
import { ManifestError } from '@flotilla/source';
import { exitCodes } from './outcome.ts';

/** Thrown when what the operator named is not there or cannot be used. */
export class NoInputError extends FlotillaError {
  constructor(message: string, cause?: unknown) {
    super('no-input', message, { cause });
  }
}

/** Thrown when Redis cannot be used; the message says where it was looked for, without the password. */
export class RedisUnavailableError extends FlotillaError {
  constructor(url: URL, reason: string, cause?: unknown) {
    const place = `${url.protocol}//${url.host}${url.pathname === '/' ? '' : url.pathname}`;
    super('redis-unavailable', `Redis at ${place} cannot be used: ${reason}. REDIS_URL says where it is`, { cause });
  }
}

export interface Failure {
  readonly exitCode: number;
  readonly code: string;
  readonly reason: string;
}

/** Why a command could not give an answer, and the exit code that says so. */
export function failureOf(error: unknown): Failure {
  const code = error instanceof FlotillaError ? error.code : 'internal';
  return { exitCode: exitCodeOf(error), code, reason: reasonOf(error) };
}

function exitCodeOf(error: unknown): number {
  if (error instanceof ConfigError) return exitCodes.usage;
  if (error instanceof RedisUnavailableError) return exitCodes.unavailable;
  if (error instanceof SealError) return exitCodes.wrongKey;
  if (error instanceof NoInputError || error instanceof ManifestError || error instanceof ArtifactError)
    return exitCodes.noInput;
  return error instanceof FlotillaError ? exitCodes.no : exitCodes.internal;
}
