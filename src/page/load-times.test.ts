import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTimes } from './load-times';

describe('loadTimes', () => {
  it('keeps the order of the phases, and names what none of them accounts for', () => {
    const loadMs = { start: 120, probe: 40, download: 900, verify: 1, upload: 30, compile: 200, warmup: 9, ready: 2 };
    expect(loadTimes(1400, loadMs)).toEqual({
      totalMs: 1400,
      phases: [
        { name: 'start', ms: 120 },
        { name: 'probe', ms: 40 },
        { name: 'download', ms: 900 },
        { name: 'verify', ms: 1 },
        { name: 'upload', ms: 30 },
        { name: 'compile', ms: 200 },
        { name: 'warmup', ms: 9 },
        { name: 'other', ms: 100 }, // the end of the load with it
      ],
    });
  });

  it('adds up, also where the clocks of page and worker differ, or a phase is missing', () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    const names = fc.constantFrom('start', 'probe', 'download', 'compile', 'warmup', 'ready', 'unheard of');
    fc.assert(
      fc.property(ms, fc.dictionary(names, ms), (elapsedMs, loadMs) => {
        const { totalMs, phases } = loadTimes(elapsedMs, loadMs);
        const sum = phases.reduce((all, phase) => all + phase.ms, 0);
        expect(Math.abs(sum - totalMs)).toBeLessThan(1e-6);
        expect(totalMs).toBeGreaterThanOrEqual(elapsedMs);
        expect(phases.every((phase) => phase.ms >= 0)).toBe(true);
      }),
      { seed: 6, numRuns: 300 },
    );
  });
});
