import { createLogger } from '@flotilla/runtime';
import { afterEach, expect, test } from 'vitest';
import { OwnTrouble } from '../src/own-trouble.ts';

const open: OwnTrouble[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

function start() {
  const lines: Record<string, unknown>[] = [];
  const log = createLogger({
    app: 'renderer',
    level: 'info',
    destination: { write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const wrong: { haproxy?: string; key?: string; fails?: boolean } = {};
  const looks = {
    haproxy: () => Promise.resolve(wrong.haproxy),
    key: () => (wrong.fails ? Promise.reject(new Error('Redis is away')) : Promise.resolve(wrong.key)),
  };
  const trouble = new OwnTrouble(looks, log);
  open.push(trouble);
  const told: boolean[] = [];
  const problems = () => Object.entries(trouble.checks).flatMap(([name, check]) => (check() ? [name] : []));
  return { trouble, wrong, told, problems, lines, watch: () => trouble.watch((isThere) => told.push(isThere)) };
}

test('what is found is told with each look, by the check it belongs to, and in the log when it begins and ends', async () => {
  const { trouble, wrong, told, problems, lines, watch } = start();
  wrong.haproxy = 'none here';
  expect(await trouble.look()).toBe('none here');
  watch();
  wrong.key = 'another';
  expect(await trouble.look()).toBe('none here; another');
  expect(problems()).toEqual(['haproxy', 'key']);
  delete wrong.haproxy;
  expect(await trouble.look()).toBe('another');
  delete wrong.key;
  expect(await trouble.look()).toBeUndefined();
  expect(await trouble.look()).toBeUndefined();
  expect(told).toEqual([true, true, true, false, false]);
  expect(problems()).toEqual([]);
  expect(lines.map(({ check, level }) => [check, level])).toEqual([
    ['haproxy', 'error'],
    ['key', 'error'],
    ['haproxy', 'info'],
    ['key', 'info'],
  ]);
});

test('who could not look knows what was known before', async () => {
  const { trouble, wrong, problems } = start();
  wrong.fails = true;
  expect(await trouble.look()).toBeUndefined();
  wrong.fails = false;
  wrong.key = 'another';
  await trouble.look();
  wrong.fails = true;
  expect(await trouble.look()).toBe('another');
  expect(problems()).toEqual(['key']);
});

test('a look that is asked for while another is under way sees what happened since', async () => {
  const { trouble, wrong } = start();
  void trouble.look();
  wrong.haproxy = 'gone';
  expect(await trouble.look()).toBe('gone');
});

test('nobody is told any more when it is closed', async () => {
  const { trouble, told, watch } = start();
  watch();
  trouble.close();
  await trouble.look();
  expect(told).toEqual([false]);
});
