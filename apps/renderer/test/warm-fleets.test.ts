import { expect, test } from 'vitest';
import { fleetName } from '@flotilla/domain';
import { WarmFleets } from '../src/warm-fleets.ts';

const [a, b, c] = ['a', 'b', 'c'].map(fleetName) as [
  ReturnType<typeof fleetName>,
  ReturnType<typeof fleetName>,
  ReturnType<typeof fleetName>,
];

function start(limit: number) {
  const events: string[] = [];
  const fleets = new WarmFleets(limit, (fleet) => {
    events.push(`open ${fleet}`);
    return { close: () => Promise.resolve(void events.push(`close ${fleet}`)) };
  });
  return { events, fleets };
}
const nothing = () => Promise.resolve();

test('the fleet unused for longest gives way', async () => {
  const { events, fleets } = start(2);
  for (const fleet of [a, b, a, c, a]) await fleets.use(fleet, nothing);
  expect(events).toEqual(['open a', 'open b', 'open c', 'close b']);
});

test('a fleet in use stays, and gives way afterwards', async () => {
  const { events, fleets } = start(1);
  let finish = (): void => undefined;
  const busy = fleets.use(a, () => new Promise<void>((resolve) => (finish = resolve)));
  await fleets.use(b, nothing);
  expect(events).toEqual(['open a', 'open b', 'close b']);
  finish();
  await busy;
  await fleets.use(c, nothing);
  expect(events).toEqual(['open a', 'open b', 'close b', 'open c', 'close a']);
});

test('the idle one is the one used last, unless it is in use', async () => {
  const fleets = new WarmFleets(2, (fleet) => ({ fleet, close: nothing }));
  expect(fleets.idle()).toBeUndefined();
  await fleets.use(a, nothing);
  await fleets.use(b, nothing);
  expect(fleets.idle()?.fleet).toBe(b);
  await fleets.use(a, async () => {
    expect(fleets.idle()).toBeUndefined();
  });
  expect(fleets.idle()?.fleet).toBe(a);
});

test('one fleet is never rendered twice at a time', async () => {
  const { fleets } = start(1);
  let finish = (): void => undefined;
  const busy = fleets.use(a, () => new Promise<void>((resolve) => (finish = resolve)));
  await expect(fleets.use(a, nothing)).rejects.toThrow(/being rendered already/);
  finish();
  await busy;
  await fleets.use(a, nothing);
});

test('closing closes all, and work that failed leaves its fleet usable', async () => {
  const { events, fleets } = start(3);
  await expect(fleets.use(a, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await fleets.use(a, nothing);
  await fleets.use(b, nothing);
  await fleets.close();
  expect(events).toEqual(['open a', 'open b', 'close a', 'close b']);
});
