import { type FleetName, type Sealer, canOpen, fleetKeys, inputField } from '@flotilla/domain';
import type { Redis } from 'ioredis';
import { scanFields } from './scan.ts';

const most = 16;

/** Whether this key opens them, of some of the fleet's private keys; none where there are none. */
export async function tryKeys(of: { redis: Redis; fleet: FleetName; sealer: Sealer }): Promise<boolean[]> {
  const { redis, fleet, sealer } = of;
  const tried = [];
  for await (const [field, stored] of scanFields(redis, fleetKeys(fleet).inputs, inputField('key', '*'), 5_000)) {
    tried.push(canOpen(sealer, stored, field));
    if (tried.length === most) break;
  }
  return tried;
}
