declare const brand: unique symbol;
type Brand<Base, Name extends string> = Base & { readonly [brand]: Name };

/** A fleet: the HAProxy nodes that share one configuration, named after the namespace that holds it. */
export type FleetName = Brand<string, 'FleetName'>;
/** The watcher's counter of a fleet's inputs within one epoch, one higher at every change. */
export type Revision = Brand<number, 'Revision'>;
/** An artifact's number in its fleet within one epoch. Never compare versions of two epochs by size (`comesBefore`). */
export type Version = Brand<number, 'Version'>;
/** The identity of one life of a fleet's data in Redis. Compare for equality, or by `comesBefore`. */
export type Epoch = Brand<string, 'Epoch'>;
/** Lower-case hex SHA-256. Compare only for equality. */
export type Digest = Brand<string, 'Digest'>;
/** A leader's fencing term: writes of a lower term are refused. */
export type Term = Brand<number, 'Term'>;

/** A Kubernetes namespace is a DNS label (RFC 1123): at most 63 of `a-z0-9-`. */
export const namespacePattern = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

export const fleetName = (text: string): FleetName => {
  if (!namespacePattern.test(text)) throw new TypeError(`"${text}" is not a fleet name: use a Kubernetes namespace`);
  return text as FleetName;
};
/** Undefined for what no fleet can be called. */
export const asFleetName = (text: string): FleetName | undefined =>
  namespacePattern.test(text) ? (text as FleetName) : undefined;
export const revision = (count: number): Revision => count as Revision;
export const version = (count: number): Version => count as Version;
export const epoch = (text: string): Epoch => text as Epoch;
export const digest = (hex: string): Digest => hex as Digest;
export const term = (count: number): Term => count as Term;
