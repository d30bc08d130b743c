import { describe, expect, it } from 'vitest';
import { epoch, fleetName, revision } from '@flotilla/domain';
import { createLogger } from '@flotilla/runtime';
import { Reconciler } from '../src/reconcile.ts';

const log = createLogger({ app: 'test', level: 'silent' });

function setUp() {
  const state = {
    epoch: epoch('e'),
    revision: revision(5),
    isRendered: false,
    renderedRevision: undefined,
    refused: [],
    isLive: false,
  };
  const calls: number[] = [];
  let passes = 0;
  const reconciler = new Reconciler({
    fleet: fleetName('lb'),
    progress: () => Promise.resolve({ ...state }),
    signals: {
      revive: () => {
        if (state.isLive) return Promise.resolve('live');
        calls.push(passes);
        return Promise.resolve('added');
      },
    },
    onRevived: () => undefined,
    onPass: () => undefined,
    log,
  });
  const pass = async (count: number) => {
    for (let at = 0; at < count; at++) {
      passes++;
      await reconciler.pass();
    }
  };
  return { state, calls, pass };
}

describe('reconciling', () => {
  it('leaves a fleet alone that is rendered, or fell behind only just now', async () => {
    const { state, calls, pass } = setUp();
    for (let at = 6; at < 20; at++) {
      state.revision = revision(at);
      await pass(1);
    }
    state.isRendered = true;
    await pass(5);
    expect(calls).toEqual([]);
  });

  it('adds the job of a fleet that stays behind', async () => {
    const { calls, pass } = setUp();
    await pass(2);
    expect(calls).toEqual([2]);
  });

  it('waits while a job is under way', async () => {
    const { state, calls, pass } = setUp();
    state.isLive = true;
    await pass(10);
    expect(calls).toEqual([]);
    state.isLive = false;
    await pass(1);
    expect(calls).toEqual([11]);
  });

  it('tries inputs that fail again and again less often, but a change at once', async () => {
    const { state, calls, pass } = setUp();
    await pass(200);
    const pauses = calls.slice(1).map((at, index) => at - (calls[index] ?? 0));
    expect(pauses.slice(0, 4)).toEqual([...pauses.slice(0, 4)].sort((a, b) => a - b));
    expect(Math.max(...pauses)).toBe(20);
    expect(calls.length).toBeLessThan(20);
    state.revision = revision(6);
    await pass(2);
    expect(calls.at(-1)).toBe(202);
  });
});
