import { identityOf } from '@flotilla/domain';
import { waitFor } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { waitingOf } from '../../src/delivery/state.ts';
import { releaseName } from '../../src/store/paths.ts';
import { emptyState } from '../../src/store/state-file.ts';
import { type NodeOfValues, emptyDisk, newHap, placedOf, startNodeOfValues, versionOf } from '../node-of-values.ts';

// What the agent promises, on values: each of these is red when its guard is taken out of the delivery.

const nodes: NodeOfValues[] = [];
afterEach(() => {
  for (const { stop } of nodes.splice(0)) stop();
});
const start = async (given?: Parameters<typeof startNodeOfValues>[0]): Promise<NodeOfValues> => {
  const node = await startNodeOfValues(given);
  nodes.push(node);
  return node;
};
/** A node that runs version 1, and its journal from then on. */
const running = async (given?: Parameters<typeof startNodeOfValues>[0]): Promise<NodeOfValues> => {
  const node = await start(given);
  node.offer(versionOf(1, '1.1.1.1:1'));
  await node.until('ack 1');
  node.journal.length = 0;
  return node;
};
const order = ({ journal }: NodeOfValues, ...entries: string[]): string[] =>
  journal.filter((entry) => entries.includes(entry));

test.each([
  ['reload', versionOf(2, '1.1.1.1:1', 'other'), 'reloaded 2'],
  ['runtime update', versionOf(2, '1.1.1.2:1'), 'set a 1.1.1.2:1'],
])('the disk comes first: `current` leads to a version before HAProxy hears of it by a %s', async (_, next, heard) => {
  const node = await running();
  node.offer(next);
  await node.until('ack 2');
  expect(order(node, 'write 2', 'switch 2', heard, 'ack 2')).toEqual(['write 2', 'switch 2', heard, 'ack 2']);
});

test('what was set is read back before it is acked: a HAProxy that ignores it is reloaded', async () => {
  const node = await running();
  node.hap.isDeaf = true;
  node.offer(versionOf(2, '1.1.1.2:1'));
  await node.until('ack 2');
  const entries = ['set a 1.1.1.2:1', 'reloaded 2', 'ack 2'];
  expect(order(node, ...entries)).toEqual(entries);
  expect([...node.hap.servers]).toEqual([['a', '1.1.1.2:1']]);
});

test('a refusal is saved before the files go back, and told after that', async () => {
  const node = await running();
  node.hap.refuses = ({ manifest }) => (manifest.version === 2 ? '[ALERT] no' : undefined);
  node.offer(versionOf(2, '1.1.1.1:1', 'bad'));
  await node.until('nack 2');
  const entries = ['reloaded 2', 'save good 1 parked 2', 'switch 1', 'nack 2'];
  expect(order(node, ...entries).slice(0, 4)).toEqual(entries);
  expect(node.hap.reads?.manifest.version).toBe(1);
});

test('a version that was parked when the agent was killed, before its files went back, is not started', async () => {
  const [good, bad] = [versionOf(1, '1.1.1.1:1'), versionOf(2, '1.1.1.1:1', 'bad')].map(placedOf);
  if (!good || !bad) throw new Error('two releases');
  const disk = emptyDisk();
  for (const placed of [good, bad]) disk.releases.set(releaseName(placed.manifest), placed);
  disk.current = bad;
  disk.state = {
    ...emptyState,
    lastGood: identityOf(good.manifest),
    parked: { artifact: identityOf(bad.manifest), reason: 'no' },
  };
  const node = await start({ disk });
  await node.until('ack 1');
  expect(node.journal[0]).toBe('switch 1');
  expect(node.journal).not.toContain('started 2');
  expect(node.hap.reads?.manifest.version).toBe(1);
});

test('where nothing good is left, nothing is started, and the next version is', async () => {
  const bad = placedOf(versionOf(2, '1.1.1.1:1', 'bad'));
  const disk = emptyDisk();
  disk.releases.set(releaseName(bad.manifest), bad);
  disk.current = bad;
  disk.state = { ...emptyState, parked: { artifact: identityOf(bad.manifest), reason: 'no' } };
  const node = await start({ disk });
  expect(node.journal[0]).toBe('switch -');
  node.offer(versionOf(3, '1.1.1.1:1'));
  await node.until('ack 3');
  expect(node.journal).not.toContain('started 2');
});

test.each([
  [1, []],
  [2, ['started 1']],
])(
  'mode command: what ran last, version %d, is not brought there again by the next agent',
  async (applied, commands) => {
    const [one, two] = [versionOf(1, '1.1.1.1:1'), versionOf(2, '1.1.1.1:1', 'other')].map(placedOf);
    if (!one || !two) throw new Error('two releases');
    const disk = emptyDisk();
    disk.releases.set(releaseName(one.manifest), one);
    disk.current = one;
    const ran = identityOf((applied === 1 ? one : two).manifest);
    disk.state = { ...emptyState, applied: ran, lastGood: ran };
    const hap = newHap();
    const node = await start({ disk, hap, mode: 'command' });
    node.offer(versionOf(3, '1.1.1.1:1', 'next'));
    await node.until('ack 3');
    expect(node.journal.filter((entry) => entry === 'started 1' || entry === 'reloaded 1')).toEqual(commands);
  },
);

test('a reload is put off while there are too many old workers, and made when they are gone', async () => {
  const node = await running({ maxOldWorkers: 2 });
  node.hap.oldWorkers = 2;
  node.offer(versionOf(2, '1.1.1.1:1', 'other'));
  await node.until('switch 2');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(node.journal).not.toContain('reloaded 2');
  expect(waitingOf(node.state())?.putOffSince).toBeDefined();
  node.hap.oldWorkers = 1;
  await node.until('ack 2');
});

test('it is made all the same when that lasts too long', async () => {
  const node = await running({ maxOldWorkers: 2, longestPutOffMs: 500 });
  node.hap.oldWorkers = 2;
  node.offer(versionOf(2, '1.1.1.1:1', 'other'));
  await node.until('ack 2');
});

test.each(['attach', 'command'] as const)(
  'mode %s: a release is on the disk for certain before others can read it',
  async (mode) => {
    const hap = newHap();
    hap.reads = placedOf(versionOf(9, '9.9.9.9:9'));
    const node = await start({ mode, hap });
    node.offer(versionOf(1, '1.1.1.1:1'));
    await node.until('switch 1');
    expect(order(node, 'write 1', 'flush', 'switch 1')).toEqual(['write 1', 'flush', 'switch 1']);
  },
);

test('mode attach: what is gone back to is on the disk for certain as well, with the pods that came meanwhile', async () => {
  const hap = newHap();
  hap.reads = placedOf(versionOf(9, '9.9.9.9:9'));
  const node = await running({ mode: 'attach', hap });
  node.hap.refuses = ({ manifest, podsOf }) => (manifest.version === 2 && !podsOf ? '[ALERT] no' : undefined);
  node.offer(versionOf(2, '1.1.1.2:1', 'bad'));
  await node.until('nack 2');
  const refused = node.journal.slice(node.journal.indexOf('reloaded 2'));
  expect(refused.slice(0, 6)).toEqual(['reloaded 2', 'write 1', 'flush', 'save good 1 parked 2', 'switch 1', 'nack 2']);
});

test('lines that a reload was refused for are not tried again by the next agent either', async () => {
  const [disk, hap] = [emptyDisk(), newHap()];
  const before = await running({ disk, hap });
  hap.refuses = ({ manifest }) => (manifest.version > 1 ? '[ALERT] no' : undefined);
  before.offer(versionOf(2, '1.1.1.1:1', 'bad'));
  await before.until('nack 2');
  await waitFor(() => waitingOf(before.state()) === undefined, { what: 'the way back' });
  before.stop();
  const node = await start({ disk, hap });
  await waitFor(() => node.state().running !== undefined && waitingOf(node.state()) === undefined, {
    what: 'the start',
  });
  node.offer(versionOf(3, '1.1.1.2:1', 'bad'));
  await node.until('nack 3');
  expect(node.journal).not.toContain('reloaded 3');
  expect(node.state().refusedLines?.reason).toContain('no');
});

test('what was refused stays refused, also when it is offered again', async () => {
  const node = await running();
  node.hap.refuses = ({ manifest }) => (manifest.version === 2 ? '[ALERT] no' : undefined);
  const bad = versionOf(2, '1.1.1.1:1', 'bad');
  node.offer(bad);
  await node.until('nack 2');
  node.offer(bad);
  await waitFor(() => node.state().next === undefined, { what: 'it to be taken' });
  node.offer(versionOf(3, '1.1.1.3:1'));
  await node.until('ack 3');
  expect(order(node, 'reloaded 2', 'nack 2')).toEqual(['reloaded 2', 'nack 2']);
});
