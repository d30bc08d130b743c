import { expect, test, vi } from 'vitest';
import { createLogger } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { LateCheck } from '../src/late-check.ts';

/** A late check whose runs end when the test says so. */
function start(given: { fails?: boolean } = {}) {
  const runs: { signal: AbortSignal; end: () => void }[] = [];
  const log = createLogger({ app: 'renderer', level: 'silent' });
  const warn = vi.spyOn(log, 'warn');
  const late = new LateCheck({
    afterMs: 1,
    run: (signal) =>
      new Promise((resolve, reject) => {
        const fail = (): void => {
          reject(new Error('no answer'));
        };
        signal.addEventListener('abort', fail);
        runs.push({ signal, end: given.fails ? fail : resolve });
      }),
    log,
  });
  const begun = (count: number) => waitFor(() => runs.length === count, { what: `run ${count}`, everyMs: 1 });
  return { late, runs, warn, begun };
}

test('runs once for however many asked, and once more for those who asked meanwhile', async () => {
  const { late, runs, begun } = start();
  late.ask();
  late.ask();
  await begun(1);
  late.ask();
  late.ask();
  runs[0]?.end();
  await begun(2);
  runs[1]?.end();
  await late.close();
  expect(runs).toHaveLength(2);
});

test('stands aside for other work and is made up for afterwards', async () => {
  const { late, runs, begun } = start();
  late.ask();
  await begun(1);
  const result = await late.aside(() => {
    expect(runs[0]?.signal.aborted).toBe(true);
    late.ask();
    return Promise.resolve(runs.length);
  });
  expect(result).toBe(1);
  await begun(2);
  await expect(late.aside(() => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  await begun(3);
  await late.close();
});

test('a run that fails is told and not repeated', async () => {
  const { late, runs, warn, begun } = start({ fails: true });
  late.ask();
  await begun(1);
  runs[0]?.end();
  await waitFor(() => warn.mock.calls.length === 1, { what: 'the warning' });
  late.ask();
  await begun(2);
  await late.close();
  expect(warn).toHaveBeenCalledTimes(1);
});

test('does nothing any more once it is closed', async () => {
  const { late, runs, begun } = start();
  late.ask();
  await begun(1);
  await late.close();
  expect(runs[0]?.signal.aborted).toBe(true);
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();
  late.ask();
  expect(timers()).toBe(before);
});
