import type { NodeReports } from '@flotilla/artifact';
import { type Answer, type NodeStatus } from '@flotilla/domain';
import { createLogger } from '@flotilla/runtime';
import { waitFor } from '@flotilla/testkit';
import { expect, test } from 'vitest';
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

function reporting() {
  const told: { answers: number[]; problems: (string | null)[] } = { answers: [], problems: [] };
  const state = { isAway: false, problem: null as string | null };
  const mayFail = (): Promise<void> => (state.isAway ? Promise.reject(new Error('away')) : Promise.resolve());
  const reports: Pick<NodeReports, 'answer' | 'heartbeat'> = {
    async answer({ artifact: { version } }) {
      await mayFail();
      told.answers.push(version);
    },
    async heartbeat({ problem }) {
      await mayFail();
      told.problems.push(problem);
    },
  };
  const status = (): Omit<NodeStatus, 'at'> => ({
    node: 'node-1',
    desired: null,
    applied: null,
    lastGood: null,
    parked: null,
    haproxy: { version: null, pid: null, oldWorkers: 0 },
    problem: state.problem,
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
  expect(told).toEqual({ answers: [], problems: [] });
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
