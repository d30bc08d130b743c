import { type Answer, type Instance, type NodeStatus } from '@flotilla/domain';
import { type NodeReports, createLogger } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
import type { OwnStatus } from '../src/node-status.ts';
import { Reporting } from '../src/reporting.ts';
import { artifact } from './artifacts.ts';

const answer = (number: number): Answer => ({
  kind: 'ack',
  how: { kind: 'none' },
  node: 'node-1',
  artifact: artifact(number, { 'haproxy.cfg': `${number}` }).manifest,
  at: '2026-01-01T00:00:00Z',
  stepsMs: {},
});

const instance = (id: string): Instance => ({ id, host: 'h', pid: 1, version: '0', since: '2026-01-01T00:00:00Z' });

function reporting() {
  const told: { answers: number[]; problems: (string | null)[]; statuses: NodeStatus[] } = {
    answers: [],
    problems: [],
    statuses: [],
  };
  const state = {
    isAway: false,
    problem: null as string | null,
    before: undefined as Instance | undefined,
    clockMs: 0,
  };
  const mayFail = (): Promise<void> => (state.isAway ? Promise.reject(new Error('away')) : Promise.resolve());
  const reports: Pick<NodeReports, 'answer' | 'heartbeat'> = {
    async answer({ artifact: { version } }) {
      await mayFail();
      told.answers.push(version);
    },
    async heartbeat(status) {
      await mayFail();
      told.problems.push(status.problem);
      told.statuses.push(status);
      return { before: state.before, clockMs: state.clockMs };
    },
  };
  const status = (): OwnStatus => ({
    node: 'node-1',
    desired: null,
    applied: null,
    lastGood: null,
    parked: null,
    haproxy: { version: null, pid: null, oldWorkers: 0 },
    problem: state.problem,
    instance: instance('a/1/x'),
    behind: null,
  });
  const log = createLogger({ app: 'agent', level: 'silent' });
  return { told, state, node: new Reporting({ reports: reports as NodeReports, status, log }) };
}

test('answers that were given while Redis was away are told in their order, then the status', async () => {
  const { told, state, node } = reporting();
  const ending = new AbortController();
  state.isAway = true;
  const running = node.run(ending.signal);
  for (const number of [1, 2, 3]) node.answer(answer(number));
  await expect(node.flush()).rejects.toThrow('away');
  expect(told).toMatchObject({ answers: [], problems: [] });
  state.isAway = false;
  await waitFor(() => told.problems.length > 0, { what: 'the status' });
  expect(told.answers).toEqual([1, 2, 3]);
  ending.abort();
  await running;
});

test('a status is told again when it changed, and not before its time when it did not', async () => {
  const { told, state, node } = reporting();
  await node.flush();
  await node.flush();
  expect(told.problems).toEqual([null]);
  state.problem = 'down';
  await node.flush();
  expect(told.problems).toEqual([null, 'down']);
});

test('a status that changes is told once it has come to rest', async () => {
  const { told, state, node } = reporting();
  const ending = new AbortController();
  const running = node.run(ending.signal);
  await waitFor(() => told.problems.length === 1, { what: 'the first status' });
  for (const problem of ['a', 'b', 'c']) {
    state.problem = problem;
    node.touch();
    await Promise.resolve();
  }
  expect(told.problems).toEqual([null]);
  await waitFor(() => told.problems.length > 1, { what: 'the status at rest' });
  expect(told.problems).toEqual([null, 'c']);
  ending.abort();
  await running;
});

test('an agent of the same name is told when it reports beside this one, and not when it did before', async () => {
  const { told, state, node } = reporting();
  const tell = async (problem: string) => {
    state.problem = problem;
    await node.flush();
    return told.statuses.at(-1)?.rival?.id;
  };
  // The agent before this one, on the same node.
  state.before = instance('a/0/w');
  expect(await tell('1')).toBeUndefined();
  state.before = instance('a/1/x');
  expect(await tell('2')).toBeUndefined();
  state.before = instance('b/7/y');
  await tell('3');
  state.before = instance('a/1/x');
  expect(await tell('4')).toBe('b/7/y');
});

test('how far the clock is ahead of that of Redis is told with the next report', async () => {
  const { told, state, node } = reporting();
  state.clockMs = 61_000;
  await node.flush();
  state.problem = 'x';
  await node.flush();
  expect(told.statuses.map(({ clockMs }) => clockMs)).toEqual([null, 61_000]);
});
