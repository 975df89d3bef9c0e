import { expect, it } from 'vitest';
import { RestartPolicy } from './restart-policy';

const LIMITS = { most: 4, withinMs: 1000, mostUnready: 3, baseMs: 100, maxMs: 300 };

it('waits longer each time, never longer than that, and not always as long', () => {
  const policy = new RestartPolicy({ ...LIMITS, most: 10, mostUnready: 10 }, () => 1);
  expect([0, 1, 2, 3].map((atMs) => policy.died(atMs))).toEqual([100, 200, 300, 300]);
  expect(new RestartPolicy(LIMITS, () => 0).died(0)).toBe(50);
});

it('gives up what dies too often in a while, and forgets what is long ago', () => {
  const policy = new RestartPolicy(LIMITS, () => 1);
  const death = (atMs: number): number | null => {
    policy.ready();
    return policy.died(atMs);
  };
  expect([0, 1, 2, 3].map(death)).toEqual([100, 200, 300, null]);
  expect(death(5000)).toBe(100);
});

it('gives up sooner what never gets ready', () => {
  const policy = new RestartPolicy(LIMITS, () => 1);
  expect([0, 2000, 4000].map((atMs) => policy.died(atMs))).toEqual([100, 100, null]);
});
