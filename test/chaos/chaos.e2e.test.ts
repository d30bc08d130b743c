import { cleanUp } from '@flotilla/testkit';
import { afterEach, expect, test } from 'vitest';
import { campaign } from './campaign.ts';

afterEach(cleanUp);

/** A minute of random faults; `npm run chaos` plays as many as you like. */
test('whatever happens at random, no request fails for it and every node comes to what etcd says', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const lines: string[] = [`seed ${seed}`];
  const say = (line: string): void => void lines.push(line);
  const result = await campaign({ seed, minutes: 1, operations: 40, tries: 0, say, tell: say });
  expect(result.failures, lines.join('\n')).toBe(0);
  expect(result.requests).toBeGreaterThan(100);
}, 240_000);
