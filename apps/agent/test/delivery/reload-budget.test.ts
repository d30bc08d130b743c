import { expect, test } from 'vitest';
import { ReloadBudget } from '../../src/delivery/reload-budget.ts';

test('the first reload may be made at once, the next one an interval later', () => {
  const budget = new ReloadBudget(2_000);
  expect(budget.dueAt).toBeLessThan(0);
  budget.spend(10_000);
  expect(budget.dueAt).toBe(12_000);
});
