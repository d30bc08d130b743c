import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, freePort, waitFor } from '@flotilla/testkit';
import { findDrift } from '../../src/runtime/find-drift.ts';
import { blend, emptyConfig, render, steps } from '../live/fleet-config.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';
import { propertyRuns, propertyTimeoutMs } from '../live/runs.ts';
import { serverFacts } from '../live/server-facts.ts';

const runs = propertyRuns(6);
let followed: LiveHaproxy;
let fresh: LiveHaproxy;
let binds: { followed: string; fresh: string };

beforeAll(async () => {
  binds = { followed: `127.0.0.1:${await freePort()}`, fresh: `127.0.0.1:${await freePort()}` };
  followed = await liveHaproxy(() => ({ config: render(emptyConfig, binds.followed) }));
  fresh = await liveHaproxy(() => ({ config: render(emptyConfig, binds.fresh) }));
});
afterAll(cleanUp);

const finishRemovals = (live: LiveHaproxy) =>
  waitFor(
    async () => {
      await live.removals.sweep(live.socket);
      return live.removals.size === 0;
    },
    { what: 'all removed servers to be deleted' },
  );

describe('a HAProxy that follows configurations', () => {
  it('runs after each what a HAProxy started from the files runs', { timeout: propertyTimeoutMs(runs) }, async () => {
    const kinds = { none: 0, runtime: 0, reload: 0 };
    let last = emptyConfig;
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        for (const step of sequence) {
          last = blend(last, step);
          const { plan } = await followed.follow(followed.release(render(last, binds.followed)));
          kinds[plan.kind]++;
          if (step.sweep) await finishRemovals(followed);
          fresh.haproxy.write(render(last, binds.fresh));
          await fresh.reload();
          expect(await serverFacts(followed)).toEqual(await serverFacts(fresh));
          expect(await findDrift(followed.socket, followed.running(), { removals: followed.removals })).toEqual([]);
        }
      }),
      // HAProxy keeps what a failure left behind, so a smaller example would prove nothing.
      { numRuns: runs, endOnFailure: true },
    );
    // The property is worth nothing when hardly anything is done at runtime.
    expect(kinds.runtime).toBeGreaterThan(kinds.reload / 4);
  });
});
