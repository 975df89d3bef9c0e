import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { RecordingDevice } from '../../test/support/recording-device';
import { MATVEC_VARIANTS } from '../kernels/matvec';
import { MIB } from '../base/units';
import { F32 } from '../quant/f32';
import { Q4_1 } from '../quant/q4_1';
import { Q8_0 } from '../quant/q8_0';
import { TQ1_0 } from '../quant/tq1_0';
import { fastestVariants, type Contestants } from './probe';

const ALL: Contestants = { matvecs: MATVEC_VARIANTS };

/** A device whose dispatches take their time by the clock: 10 ms where `ms` has no other for the shader. */
function adapter(ms: Readonly<Record<string, number>> = {}, submitMs = 0) {
  const clock = new FakeClock();
  const device = new RecordingDevice({
    onSubmit: ({ steps }) => {
      const dispatches = steps.flatMap(({ plan }) => plan.dispatches);
      clock.advance(dispatches.reduce((sum, { shader }) => sum + (ms[shader] ?? 10), submitMs));
    },
  });
  const choose = (candidates = ALL, format = Q4_1) => fastestVariants(device, format, candidates, clock);
  return { device, choose };
}

/** Shaders in the order in which they ran first. */
function measured(device: RecordingDevice): string[] {
  const dispatches = device.submits.flatMap(({ steps }) => steps.flatMap(({ plan }) => plan.dispatches));
  return [...new Set(dispatches.map(({ shader }) => shader))];
}

describe('fastestVariants', () => {
  it.each([
    [{ matvec_rows: 1 }, { matvec: 'rows', rounding: null }],
    [{ matvec_lanes: 9.5 }, { matvec: 'lanes', rounding: null }],
    [
      { matvec_subgroup: 0.001, matvec_lanes: 0.002 },
      { matvec: 'subgroup', rounding: null },
    ],
    [
      { matvec_rows: 150, matvec_lanes: 300, matvec_subgroup: 950 },
      { matvec: 'rows', rounding: null },
    ],
  ])('takes the fastest: %j', async (ms, variants) => {
    expect(await adapter(ms).choose()).toEqual(variants);
  });

  it('looks past the latency of a submission', async () => {
    const { choose, device } = adapter({ matvec_rows: 0.2, matvec_lanes: 0.1, matvec_subgroup: 0.19 }, 0.5);
    expect((await choose()).matvec).toBe('lanes');
    const most = Math.max(...device.submits.map(({ steps }) => steps.length));
    expect(most * 0.1).toBeGreaterThan(10 * 0.5);
    expect(most * 0.1).toBeLessThan(20);
  });

  it('keeps no adapter at it for long, however fast it is', async () => {
    const { choose, device } = adapter({ matvec_rows: 1e-6, matvec_lanes: 1e-6, matvec_subgroup: 1e-6 }, 1e-6);
    await choose();
    expect(Math.max(...device.submits.map(({ steps }) => steps.length))).toBe(1024);
  });

  describe('decides for decode by the memory', () => {
    /** An adapter that reads `cachedMs` of 4 MiB and less, and `ms` of more, a MiB. */
    function reading(cachedMs: Readonly<Record<string, number>>, ms: Readonly<Record<string, number>>) {
      const clock = new FakeClock();
      const sizes: number[] = [];
      const device = new RecordingDevice({
        onSubmit: ({ steps }) => {
          for (const { plan, rows } of steps) {
            for (const dispatch of plan.dispatches) {
              const size = (dispatch.weightBytesRead?.(rows) ?? 0) / MIB;
              if (dispatch.kernel === 'matvec') sizes.push(size);
              clock.advance(size * ((size > 4 ? ms : cachedMs)[dispatch.shader] ?? 1));
            }
          }
        },
      });
      return { sizes, choose: (format = Q4_1) => fastestVariants(device, format, ALL, clock) };
    }

    it.each([F32, Q4_1, TQ1_0])('of a quick adapter, whose caches hold a small matrix: %#', async (format) => {
      const cachedMs = { matvec_rows: 0.01, matvec_lanes: 0.1, matvec_subgroup: 0.1 };
      const { sizes, choose } = reading(cachedMs, { matvec_rows: 0.3, matvec_lanes: 0.2, matvec_subgroup: 0.21 });
      expect((await choose(format)).matvec).toBe('lanes');
      expect(Math.max(...sizes)).toBeGreaterThan(31);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
    });

    it('not of a slow one, which would be at it for seconds', async () => {
      const { sizes, choose } = reading({ matvec_rows: 30, matvec_lanes: 60, matvec_subgroup: 90 }, {});
      expect((await choose()).matvec).toBe('rows');
      expect(Math.max(...sizes)).toBeLessThan(1);
    });
  });

  it('does not let what else the machine does decide', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const device = new RecordingDevice({
      onSubmit: ({ steps }) => {
        const [shader = ''] = steps.flatMap(({ plan }) => plan.dispatches.map((dispatch) => dispatch.shader));
        runs += 1;
        // Every other submission meets a busy moment.
        clock.advance((shader === 'matvec_rows' ? 40 : 60) * (runs % 2 === 0 ? 3 : 1));
      },
    });
    expect((await fastestVariants(device, Q4_1, ALL, clock)).matvec).toBe('rows');
  });

  it('lets off the later rounds who is hopeless, and nobody whom a busy moment set back', async () => {
    const runs = new Map<string, number>();
    const clock = new FakeClock();
    const device = new RecordingDevice({
      onSubmit: ({ steps }) => {
        const shader = steps[0]?.plan.dispatches[0]?.shader ?? '';
        const run = (runs.get(shader) ?? 0) + 1;
        runs.set(shader, run);
        // The fastest meets something else twice, before its last round but one.
        const ms: Record<string, number> = { matvec_rows: run < 4 ? 45 : 20, matvec_lanes: 30, matvec_subgroup: 130 };
        clock.advance(ms[shader] ?? 10);
      },
    });
    expect((await fastestVariants(device, Q4_1, ALL, clock)).matvec).toBe('rows');
    expect([runs.get('matvec_rows'), runs.get('matvec_lanes'), runs.get('matvec_subgroup')]).toEqual([5, 5, 2]);
  });

  it('does not let a slow first run decide: pipelines warm up', async () => {
    const seen = new Set<string>();
    const clock = new FakeClock();
    const device = new RecordingDevice({
      onSubmit: ({ steps }) => {
        const shader = steps[0]?.plan.dispatches[0]?.shader ?? '';
        clock.advance(seen.has(shader) ? (shader === 'matvec_rows' ? 30 : 40) : shader === 'matvec_rows' ? 900 : 1);
        seen.add(shader);
      },
    });
    expect((await fastestVariants(device, Q4_1, ALL, clock)).matvec).toBe('rows');
  });

  it('measures on weights of the format, on one row', async () => {
    const { device, choose } = adapter();
    await choose(ALL, Q8_0);
    expect(measured(device)).toEqual(['matvec_rows', 'matvec_lanes', 'matvec_subgroup']);
    for (const { steps } of device.submits) {
      for (const { plan, rows } of steps) {
        expect(plan.dispatches).toMatchObject([{ modules: { quant: 'q8_0' } }]);
        expect(rows).toBe(1);
      }
    }
  });

  it.each([
    [20, 5], // two to warm up, and three rounds
    [300, 3],
  ])('runs kernels of %i ms %i times each: a slow adapter is not kept at it', async (slowMs, times) => {
    const shaders = MATVEC_VARIANTS.map((variant) => `matvec_${variant}`);
    const { device, choose } = adapter(Object.fromEntries(shaders.map((shader) => [shader, slowMs])));
    await choose({ matvecs: MATVEC_VARIANTS });
    const ran = device.submits.map(({ steps }) => steps[0]?.plan.dispatches[0]?.shader);
    expect(shaders.map((shader) => ran.filter((name) => name === shader).length)).toEqual([times, times, times]);
  });

  it('measures what it is given alone, and nothing where there is no choice', async () => {
    const { device, choose } = adapter({ matvec_subgroup: 0 });
    expect(await choose({ matvecs: ['rows', 'lanes'] })).toEqual({ matvec: 'rows', rounding: null });
    expect(measured(device)).toEqual(['matvec_rows', 'matvec_lanes']);
    const single = adapter();
    expect(await single.choose({ matvecs: ['rows'] })).toEqual({ matvec: 'rows', rounding: null });
    expect(measured(single.device)).toEqual([]);
  });

  it('leaves nothing on the device', async () => {
    const { device, choose } = adapter();
    await choose();
    expect(device.counters().buffersCreated).toBeGreaterThan(0);
    expect([device.buffers.size, device.plans.size]).toEqual([0, 0]);
  });

  it('leaves nothing on the device when it fails either', async () => {
    const device = new RecordingDevice({
      onSubmit: () => {
        throw new Error('lost');
      },
    });
    await expect(fastestVariants(device, Q4_1, ALL, new FakeClock())).rejects.toThrow('lost');
    expect([device.buffers.size, device.plans.size]).toEqual([0, 0]);
  });
});
