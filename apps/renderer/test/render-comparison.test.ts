import { expect, test, vi } from 'vitest';
import { createLogger } from '@flotilla/runtime';
import type { Difference, IncrementalResult } from '@flotilla/template';
import { waitFor } from '@flotilla/testkit';
import { type ComparisonOutcome, RenderComparison, oneAtATime } from '../src/render-comparison.ts';

const difference: Difference = { kind: 'file', path: 'haproxy.cfg', line: 3, files: 1 };

/** A fleet whose renders and comparisons come to an end when the test says so. */
function start({ everyMs = 1, inTurn = oneAtATime() } = {}) {
  const log = createLogger({ app: 'renderer', level: 'silent' });
  const warn = vi.spyOn(log, 'warn');
  const outcomes: ComparisonOutcome[] = [];
  const begun: { result: IncrementalResult; end: (found?: Difference | Error) => void }[] = [];
  const mended: Difference[] = [];
  let result: IncrementalResult | undefined;
  const comparison = new RenderComparison({
    everyMs,
    lastFiles: () => result?.files,
    last: () => result,
    compare: (given, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
        begun.push({
          result: given,
          end: (found) => {
            if (found instanceof Error) reject(found);
            else resolve(found);
          },
        });
      }),
    inTurn,
    mend: (_, found) => {
      mended.push(found);
      return Promise.resolve('it was wrong');
    },
    onOutcome: (outcome) => outcomes.push(outcome),
    log,
  });
  const renders = (kind: 'incremental' | 'full' = 'incremental'): IncrementalResult | undefined => {
    result = kind === 'full' ? undefined : { inputs: new Map(), seed: 1, files: [] };
    comparison.rendered();
    return result;
  };
  const until = (what: string, condition: () => unknown) => waitFor(condition, { what, everyMs: 1 });
  const comparing = (count: number) => until(`comparison ${count}`, () => begun.length === count);
  const told = (count: number) => until(`outcome ${count}`, () => outcomes.length === count);
  return { comparison, renders, begun, comparing, told, outcomes, mended, warn };
}

test('a fleet that renders all the time is compared with its newest result, and again for those after it', async () => {
  const { comparison, renders, begun, comparing, told, outcomes } = start();
  renders();
  renders();
  const third = renders();
  await comparing(1);
  expect(begun[0]?.result).toBe(third);
  renders();
  const fifth = renders();
  begun[0]?.end();
  await comparing(2);
  expect(begun[1]?.result).toBe(fifth);
  begun[1]?.end();
  await told(2);
  expect(outcomes).toEqual(['same', 'same']);
  await comparison.close();
  expect(begun).toHaveLength(2);
});

test('nothing is compared without incremental renders, none twice, and none at all where it is off', async () => {
  const { comparison, renders, begun, comparing, told } = start();
  const timers = vi.spyOn(globalThis, 'setTimeout');
  renders('full');
  const off = start({ everyMs: 0 });
  off.renders();
  expect(timers).not.toHaveBeenCalled();
  renders();
  expect(timers).toHaveBeenCalledOnce();
  await comparing(1);
  begun[0]?.end();
  await told(1);
  comparison.rendered();
  expect(timers).toHaveBeenCalledOnce();
  timers.mockRestore();
  await comparison.close();
});

test('a full render that comes first leaves nothing to compare', async () => {
  const { comparison, renders, begun, comparing } = start();
  renders();
  renders('full');
  renders();
  await comparing(1);
  renders('full');
  begun[0]?.end();
  await comparison.close();
  expect(begun).toHaveLength(1);
});

test('a difference is mended, and told once', async () => {
  const { comparison, renders, begun, comparing, outcomes, mended } = start();
  renders();
  await comparing(1);
  begun[0]?.end(difference);
  await waitFor(() => mended.length === 1, { what: 'the cure', everyMs: 1 });
  await comparison.close();
  expect(outcomes).toEqual(['different']);
  expect([comparison.takeNote(), comparison.takeNote()]).toEqual(['it was wrong', undefined]);
});

test('a comparison that fails is made again, and warned of once in a row', async () => {
  const { comparison, renders, begun, comparing, told, outcomes, warn } = start();
  renders();
  await comparing(1);
  begun[0]?.end(new Error('no memory'));
  await comparing(2);
  begun[1]?.end(new Error('no memory'));
  await comparing(3);
  begun[2]?.end();
  await told(3);
  expect(outcomes).toEqual(['failed', 'failed', 'same']);
  expect(warn).toHaveBeenCalledTimes(1);
  await comparison.close();
});

test('fleets are compared one after the other, and one that goes waits for nobody', async () => {
  const turns = oneAtATime();
  let asked = 0;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    asked++;
    return turns(work);
  };
  const [a, b, c] = [start({ inTurn }), start({ inTurn }), start({ inTurn })];
  a.renders();
  await a.comparing(1);
  b.renders();
  c.renders();
  await waitFor(() => asked === 3, { what: 'both to wait for their turn', everyMs: 1 });
  await b.comparison.close();
  expect([b.begun, c.begun]).toEqual([[], []]);
  await a.comparison.close();
  await c.comparing(1);
  expect(b.begun).toEqual([]);
  await c.comparison.close();
  expect([a, b, c].map(({ outcomes }) => outcomes)).toEqual([[], [], []]);
});
