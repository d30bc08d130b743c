import { EndpointError } from './errors.ts';

/** One member of the etcd cluster, or whatever stands in front of it. */
export interface Etcd2Endpoint {
  /** Scheme, host and port. */
  readonly origin: string;
  /** What stands before `/v2/keys`; empty or `/like/this`. */
  readonly basePath: string;
  /** For messages: origin and base path, without credentials. */
  readonly name: string;
  /** The `Authorization` header, when the URL held a user. */
  readonly authorization: string | undefined;
}

/** Reads ETCD2BASE: URLs separated by commas, each with an optional base path and `user:password@`. */
export function parseEndpoints(text: string): readonly Etcd2Endpoint[] {
  const urls = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (urls.length === 0) throw new EndpointError('no etcd endpoint is given: use for example http://127.0.0.1:2379');
  return urls.map(parseEndpoint);
}

function parseEndpoint(text: string, position: number): Etcd2Endpoint {
  // The text itself stays out of messages: it may hold a password.
  const which = `etcd endpoint ${position + 1}`;
  if (!URL.canParse(text)) throw new EndpointError(`${which} is not a URL: use for example http://127.0.0.1:2379`);
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new EndpointError(`${which} has the scheme "${url.protocol}": use http: or https:`);
  }
  if (url.search !== '' || url.hash !== '') throw new EndpointError(`${which} must end after its path`);
  const basePath = url.pathname.replace(/\/+$/, '');
  return {
    origin: url.origin,
    basePath,
    name: url.origin + basePath,
    authorization: url.username === '' ? undefined : basicAuth(decoded(url.username), decoded(url.password)),
  };
}

/** RFC 7617. */
export const basicAuth = (username: string, password: string): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** A password with a bare `%` is taken as it stands. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
