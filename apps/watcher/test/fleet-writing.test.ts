import { Cluster, fleetName, term, sourcePosition } from '@flotilla/domain';
import type { InputsWriter } from '@flotilla/inputs';
import { createLogger } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
import { FleetWriting } from '../src/fleet-writing.ts';

test('who leads with a model that is behind the store takes no fleet over before it has caught up', async () => {
  const fleet = fleetName('lb');
  let isCurrent = false;
  let claims = 0;
  const writer = {
    claim: () => {
      claims++;
      return Promise.reject(new Error('enough is known'));
    },
  } as unknown as InputsWriter;
  const nothing = () => undefined;
  const writing = new FleetWriting({
    ...{ fleet, writer, cluster: new Cluster([fleet], { graceMs: 1_000, comesBefore: () => false }) },
    ...{
      term: () => term(1),
      sourcePosition: () => sourcePosition('1'),
      newest: () => sourcePosition('2'),
      isCurrent: () => isCurrent,
    },
    ...{ onSent: nothing, onWritten: nothing, onTakenOver: nothing, onFenced: nothing, onFailed: nothing },
    ...{ releases: () => Promise.resolve(new Map()), onReleased: () => Promise.resolve() },
    ...{ log: createLogger({ app: 'watcher', level: 'silent' }), checkEveryMs: 1 },
  });
  const ending = new AbortController();
  const ended = writing.run(ending.signal);
  for (let turn = 0; turn < 20; turn++) {
    writing.wake();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(claims).toBe(0);
  isCurrent = true;
  writing.wake();
  await waitFor(() => claims > 0, { what: 'the claim' });
  ending.abort();
  await ended;
});
