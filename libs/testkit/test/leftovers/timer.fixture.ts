import { test } from 'vitest';

test('a timer', () => {
  setInterval(() => undefined, 1_000);
});
