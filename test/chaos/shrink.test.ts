import { expect, test } from 'vitest';
import type { Played } from './play.ts';
import { type Scenario, drawScenario, formatScenario, parseScenario, sizeOf } from './scenario.ts';
import { shrink } from './shrink.ts';

const kindsIn = (scenario: Scenario): string[] => scenario.flat().map(({ kind }) => kind);

/** Fails when both are there, in any rounds. */
const failsWith =
  (one: string, other: string, tried: Scenario[] = []) =>
  (scenario: Scenario): Promise<Played | undefined> => {
    tried.push(scenario);
    const kinds = kindsIn(scenario);
    if (!kinds.includes(one) || !kinds.includes(other)) return Promise.resolve(undefined);
    const findings = [{ kind: 'state' as const, text: 'wrong' }];
    return Promise.resolve({ findings, rounds: scenario.length, operations: {}, requests: 0 });
  };

const scenario = parseScenario(
  'pod comes:1:0,template breaks:2:0,pods roll:3:5|pod comes:4:0|service changes:5:0,redis is set back:6:9,pod comes:7:0',
);

test('the fewest operations of a failure are found, over rounds', async () => {
  const fewest = await shrink(scenario, failsWith('template breaks', 'redis is set back'), 100);
  expect(kindsIn(fewest)).toEqual(['template breaks', 'redis is set back']);
});

test('rounds before the last one go first when it fails alone', async () => {
  const tried: Scenario[] = [];
  await shrink(scenario, failsWith('service changes', 'pod comes', tried), 100);
  expect(tried[0]).toEqual(scenario.slice(-1));
});

test('no more tries are made than allowed', async () => {
  const tried: Scenario[] = [];
  await shrink(scenario, failsWith('template breaks', 'redis is set back', tried), 3);
  expect(tried.length).toBe(3);
});

test('the same seed gives the same scenario, and its text gives it back', () => {
  const drawn = drawScenario(7, 20);
  expect(drawScenario(7, 20)).toEqual(drawn);
  expect(drawScenario(8, 20)).not.toEqual(drawn);
  expect(parseScenario(formatScenario(drawn))).toEqual(drawn);
  expect(sizeOf(drawn)).toBeGreaterThan(40);
});
