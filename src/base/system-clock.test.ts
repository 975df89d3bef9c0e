import { expect, it } from 'vitest';
import { systemClock } from './system-clock';

it('counts from where Date does, so that a page understands a time of its worker', () => {
  const earliestMs = Date.now() - 1000;
  expect(systemClock.now()).toBeGreaterThan(earliestMs);
  expect(systemClock.now()).toBeLessThan(earliestMs + 60_000);
});
