import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cleanUp, freePort, waitFor } from '@flotilla/testkit';
import { findDrift } from '../../src/runtime/find-drift.ts';
import { parseServersState, type ServerState } from '../../src/runtime/server-state.ts';
import { blend, render, steps, type TestConfig } from '../live/fleet-config.ts';
import { liveHaproxy, type LiveHaproxy } from '../live/live-haproxy.ts';

let followed: LiveHaproxy;
let fresh: LiveHaproxy;
let binds: { followed: string; fresh: string };

const empty: TestConfig = Array.from({ length: 5 }, () => ({ defaultServer: '', servers: [] }));

beforeAll(async () => {
  binds = { followed: `127.0.0.1:${await freePort()}`, fresh: `127.0.0.1:${await freePort()}` };
  followed = await liveHaproxy(() => ({ config: render(empty, binds.followed) }));
  fresh = await liveHaproxy(() => ({ config: render(empty, binds.fresh) }));
});
afterAll(cleanUp);

const states = async ({ socket }: LiveHaproxy): Promise<ServerState[]> =>
  parseServersState(await socket.ask('show servers state'));

/** Name, address, port, weight and state: what the file decides. Ids and order are HAProxy's own. */
const summary = (all: ServerState[]): string[] =>
  all
    .filter(({ backend }) => backend.startsWith('be'))
    .map(
      ({ backend, name, address, port, weight, admin }) => `${backend}/${name} ${address}:${port} ${weight} ${admin}`,
    )
    .sort();

const finishRemovals = (live: LiveHaproxy) =>
  waitFor(
    async () => {
      await live.removals.sweep(live.socket);
      return live.removals.size === 0;
    },
    { what: 'all removed servers to be deleted' },
  );

describe('a HAProxy that follows configurations', () => {
  it('runs after each what a HAProxy started from the files runs', { timeout: 180_000 }, async () => {
    const kinds = { none: 0, runtime: 0, reload: 0 };
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        let last = empty;
        for (const step of sequence) {
          last = blend(last, step);
          const { plan } = await followed.follow(followed.release(render(last, binds.followed)));
          kinds[plan.kind]++;
          if (step.sweep) await finishRemovals(followed);
          fresh.haproxy.write(render(last, binds.fresh));
          await fresh.reload();
          const leaving = ({ backend, name }: ServerState) => followed.removals.get(backend, name) === undefined;
          expect(summary((await states(followed)).filter(leaving))).toEqual(summary(await states(fresh)));
          expect(await findDrift(followed.socket, followed.running(), { removals: followed.removals })).toEqual([]);
        }
      }),
      // HAProxy keeps what a failure left behind, so a smaller example would prove nothing.
      { numRuns: Number(process.env['FLOTILLA_TEST_RUNS'] ?? 15), endOnFailure: true },
    );
    if (process.env['DEBUG_KINDS']) console.log(kinds);
    // The property is worth nothing when hardly anything is done at runtime.
    expect(kinds.runtime).toBeGreaterThan(kinds.reload / 4);
  });
});
