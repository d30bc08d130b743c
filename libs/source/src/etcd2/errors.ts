import { FlotillaError } from '@flotilla/domain';

/**
 * Why etcd could not be followed for now; the source retries after each of them.
 *
 * - `etcd2-unreachable`: no connection, or no answer in time
 * - `etcd2-unauthorized`: HTTP status 401, the user name or password is missing or wrong
 * - `etcd2-refused`: etcd answered with an error of its own
 * - `etcd2-answer`: the answer is not what the v2 API gives
 * - `etcd2-diverged`: this is not the store that was followed before (wiped, restored, another cluster)
 */
export type Etcd2ErrorCode =
  'etcd2-unreachable' | 'etcd2-unauthorized' | 'etcd2-refused' | 'etcd2-answer' | 'etcd2-diverged';

/** Thrown inside the source; its message becomes the status' `problem`. Never holds a value of the store or a password. */
export class Etcd2Error extends FlotillaError {
  declare readonly code: Etcd2ErrorCode;

  constructor(
    code: Etcd2ErrorCode,
    message: string,
    options: { cause?: unknown; data?: Record<string, unknown> } = {},
  ) {
    super(code, message, options);
  }
}

/** Thrown when the endpoints (ETCD2BASE) cannot be used; quotes no user name or password. */
export class EndpointError extends FlotillaError {
  constructor(message: string) {
    super('etcd2-endpoint', message);
  }
}
