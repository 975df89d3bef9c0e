import { describe, expect, it } from 'vitest';
import { createProgress, progressText } from './progress.mjs';

const MIB = 1024 * 1024;

describe('progress', () => {
  it('counts only what this run received into the speed', () => {
    expect(progressText(10 * MIB, 60 * MIB, 100 * MIB, 5_000)).toBe('60.0 of 100.0 MiB, 60 %, 2.0 MiB/s, 20 s left');
    expect(progressText(0, 60 * MIB, 100 * MIB, 0)).toBe('60.0 of 100.0 MiB, 60 %');
    expect(progressText(3 * MIB, 3 * MIB, 0, 1_000)).toBe('3.0 MiB, 3.0 MiB/s');
  });

  it.each([
    [true, '\r\u001b[2Kx: 0.0 of 2.0 MiB, 0 %', 4],
    [false, 'x: 0.0 of 2.0 MiB, 0 %\n', 2],
  ])('writes one line over on a terminal, few lines in a log (terminal: %s)', (isTTY, first, count) => {
    const written = [];
    let time = 0;
    const stream = { isTTY, write: (/** @type {string} */ text) => written.push(text) };
    const progress = createProgress('x', stream, () => time);
    for (time = 0; time <= 200; time += 50) progress.update((2 * MIB * time) / 200, 2 * MIB);
    progress.end();
    expect(written[0]).toBe(first);
    expect(written.length).toBe(count);
  });
});
