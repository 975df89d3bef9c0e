import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import type { LoadPhase, LoadProgress } from '../protocol/progress';
import { ProgressMeter } from './progress';

interface Seen extends LoadProgress {
  readonly atMs: number;
}

function setup(): { clock: FakeClock; meter: ProgressMeter; seen: Seen[] } {
  const clock = new FakeClock();
  const seen: Seen[] = [];
  const meter = new ProgressMeter(clock, (progress) => seen.push({ ...progress, atMs: clock.now() }));
  return { clock, meter, seen };
}

function mostInASecond(seen: readonly Seen[]): number {
  return Math.max(
    ...seen.map(({ atMs }) => seen.filter((other) => other.atMs >= atMs && other.atMs < atMs + 1000).length),
  );
}

describe('ProgressMeter', () => {
  it('reports at most ten times a second and the last state of each phase, however fast they pass', () => {
    const { clock, meter, seen } = setup();
    const phases: LoadPhase[] = ['probe', 'download', 'verify', 'upload', 'compile', 'warmup', 'ready'];
    for (const phase of phases) {
      meter.begin(phase, 50);
      for (let step = 0; step < 50; step += 1) {
        clock.advance(phase === 'download' ? 40 : 2);
        meter.advance(1);
      }
    }
    meter.end();
    expect(mostInASecond(seen)).toBeLessThanOrEqual(10);
    for (const phase of phases) {
      expect(seen.findLast((progress) => progress.phase === phase)).toMatchObject({ loaded: 50, total: 50 });
    }
    const order = seen.map(({ phase }) => phases.indexOf(phase));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(clock.waiting).toBe(0);
  });

  it('reports the start of a phase by itself, if a little later, when nothing happens', () => {
    const { clock, meter, seen } = setup();
    meter.begin('download', 10);
    meter.advance(10);
    meter.begin('compile', 0);
    expect(seen.at(-1)).toMatchObject({ phase: 'download', loaded: 10 });
    clock.advance(1000);
    expect(seen.at(-1)).toMatchObject({ phase: 'compile', loaded: 0, bytesPerSecond: 0, etaSeconds: null });
  });

  it('tells speed and time left from the last seconds', () => {
    const { clock, meter, seen } = setup();
    meter.begin('download', 20_000_000, 1_000_000);
    const run = (seconds: number, bytesPerSecond: number): void => {
      for (let step = 0; step < seconds * 20; step += 1) {
        clock.advance(50);
        meter.advance(bytesPerSecond / 20);
      }
    };
    run(0.4, 1_000_000);
    expect(seen.at(-1)).toMatchObject({ bytesPerSecond: 0, etaSeconds: null, resumed: 1_000_000 });
    run(3.6, 1_000_000);
    // A report that comes by the timer does not know yet what this step brings.
    expect((seen.at(-1)?.bytesPerSecond ?? 0) / 1_000_000).toBeCloseTo(1, 1);
    expect((seen.at(-1)?.etaSeconds ?? 0) / 16).toBeCloseTo(1, 1);
    run(5, 500_000);
    expect((seen.at(-1)?.bytesPerSecond ?? 0) / 500_000).toBeCloseTo(1, 1);
    meter.end();
    expect(seen.at(-1)).toMatchObject({ loaded: 6_500_000, total: 20_000_000, resumed: 1_000_000 });
  });

  it('tells no time left of a size that is not known, until it is', () => {
    const { clock, meter, seen } = setup();
    meter.begin('download', 0);
    clock.advance(2000);
    meter.advance(1000);
    expect(seen.at(-1)).toMatchObject({ bytesPerSecond: 500, etaSeconds: null, total: 0 });
    clock.advance(2000);
    meter.setTotal(3000);
    expect(seen.at(-1)).toMatchObject({ bytesPerSecond: 250, etaSeconds: 8, total: 3000 });
  });

  it('does not repeat a last state that was reported', () => {
    const { meter, seen } = setup();
    meter.begin('ready', 1);
    meter.end();
    meter.end();
    expect(seen.length).toBe(1);
  });

  it('says nothing after it was abandoned', () => {
    const { clock, meter, seen } = setup();
    meter.begin('download', 10);
    meter.advance(1);
    meter.abandon();
    meter.advance(1);
    clock.advance(5000);
    expect(seen.length).toBe(1);
    expect(clock.waiting).toBe(0);
  });
});
