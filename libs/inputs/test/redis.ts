import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { type FleetName, createSealer, fleetName } from '@flotilla/domain';

export const masterKey = randomBytes(32);
export const sealerFor = (fleet: FleetName) => createSealer(masterKey, fleet);

let fleets = 0;
/** A fleet of its own for each test, so that they can share a server. */
export const anyFleet = (): FleetName => fleetName(`fleet-${++fleets}`);

const open: Redis[] = [];

/** A connection until `disconnect`. */
export function connect(url: string): Redis {
  const redis = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => undefined);
  open.push(redis);
  return redis;
}

export function disconnect(): void {
  for (const redis of open.splice(0)) redis.disconnect();
}
