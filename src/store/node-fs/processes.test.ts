import { afterEach, expect, it, vi } from 'vitest';
import { lifeOf, startOf } from './processes';

afterEach(() => {
  vi.restoreAllMocks();
});

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};

it('a process is known by its number, and by when it began', async () => {
  const { pid } = process;
  const started = await startOf(pid);
  expect(await lifeOf({ pid, started })).toBe(started === '0' ? 'unknown' : 'lives');
  expect(await lifeOf({ pid, started: '0' })).toBe('unknown');
  if (process.platform === 'linux') expect(await lifeOf({ pid, started: '1' })).toBe('gone');
});

it('a process that is nowhere is gone, and another user’s is there', async () => {
  const { pid } = process;
  const mark = { pid, started: await startOf(pid) };
  vi.spyOn(process, 'kill').mockImplementation(failing('EPERM'));
  expect(await lifeOf(mark)).not.toBe('gone');
  vi.spyOn(process, 'kill').mockImplementation(failing('ESRCH'));
  expect(await lifeOf(mark)).toBe('gone');
  // A number that no process has here.
  expect(await startOf(999_999_999)).toBe('0');
});
