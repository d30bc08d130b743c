import { reasonOf } from '@flotilla/domain';
import { haproxyVersion } from '@flotilla/haproxy';
import type { Logger } from '@flotilla/runtime';
import type { Look } from './own-trouble.ts';

/** Whether there is a HAProxy to check with. A renderer starts without one, and takes no jobs until there is. */
export function haproxyAtHand(binary: string, log: Logger): Look {
  let known: string | undefined;
  return async () => {
    try {
      const version = await haproxyVersion(binary);
      if (version !== known) log.info({ binary, version }, 'HAProxy for checks');
      known = version;
      return undefined;
    } catch (error) {
      known = undefined;
      return reasonOf(error);
    }
  };
}
