import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Backoff, DeadlineError, ReleaseStack, backoffMs, pause, withDeadline } from '../src/index.ts';

const never = new Promise<never>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a deadline', () => {
  it('names what took too long', async () => {
    const late = withDeadline(never, 500, 'reading the state');
    const checked = expect(late).rejects.toThrow(new DeadlineError('reading the state', 500));
    await vi.advanceTimersByTimeAsync(500);
    await checked;
  });

  it('gives the result in time and leaves no timer behind', async () => {
    await expect(withDeadline(Promise.resolve(7), 500, 'counting')).resolves.toBe(7);
    await expect(withDeadline(Promise.reject(new Error('no')), 500, 'counting')).rejects.toThrow('no');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('ends when it is aborted, also beforehand', async () => {
    const abort = new AbortController();
    const waiting = expect(withDeadline(never, 500, 'waiting', abort.signal)).rejects.toThrow('enough');
    abort.abort(new Error('enough'));
    await waiting;
    await expect(withDeadline(never, 500, 'waiting', abort.signal)).rejects.toThrow('enough');
  });
});

describe('backing off', () => {
  it('doubles up to its limit, keeps at least half, and starts again after a reset', () => {
    const backoff = new Backoff(100, 1_000);
    const wholes = [100, 200, 400, 800, 1_000, 1_000];
    for (const whole of wholes) {
      const delay = backoff.nextMs();
      expect(delay).toBeGreaterThanOrEqual(whole / 2);
      expect(delay).toBeLessThanOrEqual(whole);
    }
    backoff.reset();
    expect(backoff.nextMs()).toBeLessThanOrEqual(100);
  });

  it('stays at its limit for ever', () => {
    const backoff = new Backoff(100, 1_000);
    for (let attempt = 0; attempt < 2_000; attempt++) backoff.nextMs();
    expect(backoff.nextMs()).toBeLessThanOrEqual(1_000);
  });

  it('ends early when it is aborted', async () => {
    const abort = new AbortController();
    const waiting = new Backoff(60_000, 60_000).wait(abort.signal);
    abort.abort();
    await waiting;
    await pause(60_000, abort.signal);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the release stack', () => {
  it('closes in reverse order, once, also when one fails, and says which', async () => {
    const closed: string[] = [];
    const stack = new ReleaseStack();
    stack.add('a', 'the a', (name) => closed.push(name));
    stack.add('b', 'the b', () => {
      throw new Error('stuck');
    });
    stack.add('c', 'the c', (name) => closed.push(name));
    const faults = await stack.close();
    expect(closed).toEqual(['c', 'a']);
    expect(faults.map(({ what }) => what)).toEqual(['the b']);
    expect(await stack.close()).toEqual(faults);
    expect(closed).toHaveLength(2);
  });

  it('does not wait for ever for one that hangs', async () => {
    const closed: string[] = [];
    const stack = new ReleaseStack(1_000);
    stack.add('a', 'the a', (name) => closed.push(name));
    stack.add('b', 'the b', () => never);
    const closing = stack.close();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await closing).map(({ error }) => String(error))).toEqual([
      'DeadlineError: closing the b took longer than 1000 ms',
    ]);
    expect(closed).toEqual(['a']);
  });

  it('closes at once what is opened after the end began', async () => {
    const closed: string[] = [];
    const stack = new ReleaseStack();
    await stack.close();
    stack.add('late', 'the late one', (name) => closed.push(name));
    await stack.close();
    expect(closed).toEqual(['late']);
  });
});

describe('backoff', () => {
  it('tries at once, then doubles up to the cap, less up to half of it', () => {
    const pauses = (random: number) =>
      [0, 1, 2, 3, 7, 500].map((attempt) => backoffMs(attempt, { maxMs: 5_000 }, random));
    expect(pauses(0)).toEqual([0, 100, 200, 400, 5_000, 5_000]);
    expect(pauses(1)).toEqual([0, 50, 100, 200, 2_500, 2_500]);
  });
});
