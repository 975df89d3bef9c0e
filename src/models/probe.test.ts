import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { RecordingDevice } from '../../test/support/recording-device';
import { MATMUL_VARIANTS } from '../kernels/matmul';
import { MATVEC_VARIANTS } from '../kernels/matvec';
import { Q4_1 } from '../quant/q4_1';
import { Q8_0 } from '../quant/q8_0';
import { fastestVariants } from './probe';
import type { Candidates } from './self-test';

const ALL: Candidates = { matvecs: MATVEC_VARIANTS, matmuls: MATMUL_VARIANTS };

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
    [{ matvec_rows: 1 }, { matvec: 'rows', rounding: null, matmul: 'rows' }],
    [
      { matvec_lanes: 9.5, matmul_tile: 9.9 },
      { matvec: 'lanes', rounding: null, matmul: 'tile' },
    ],
    [
      { matvec_subgroup: 0.001, matvec_lanes: 0.002, matmul_tile: 400 },
      { matvec: 'subgroup', rounding: null, matmul: 'rows' },
    ],
    [
      { matvec_rows: 150, matvec_lanes: 300, matvec_subgroup: 950 },
      { matvec: 'rows', rounding: null, matmul: 'rows' },
    ],
  ])('takes the fastest: %j', async (ms, variants) => {
    expect(await adapter(ms).choose()).toEqual(variants);
  });

  it('looks past the latency of a submission', async () => {
    const { choose, device } = adapter({ matvec_rows: 0.2, matvec_lanes: 0.1, matvec_subgroup: 0.19 }, 0.5);
    expect((await choose()).matvec).toBe('lanes');
    expect(Math.max(...device.submits.map(({ steps }) => steps.length))).toBeGreaterThan(8);
    expect(Math.max(...device.submits.map(({ steps }) => steps.length))).toBeLessThanOrEqual(64);
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

  it('measures on weights of the format, in the shapes of decode and of prefill', async () => {
    const { device, choose } = adapter();
    await choose(ALL, Q8_0);
    expect(measured(device)).toEqual(['matvec_rows', 'matvec_lanes', 'matvec_subgroup', 'matmul_rows', 'matmul_tile']);
    for (const { steps } of device.submits) {
      for (const { plan, rows } of steps) {
        expect(plan.dispatches).toMatchObject([{ modules: { quant: 'q8_0' } }]);
        expect(rows).toBe(plan.dispatches[0]?.kernel === 'matvec' ? 1 : 64);
      }
    }
  });

  it.each([
    [20, 5], // two to warm up, and three rounds
    [300, 3],
  ])('runs kernels of %i ms %i times each: a slow adapter is not kept at it', async (slowMs, times) => {
    const shaders = MATVEC_VARIANTS.map((variant) => `matvec_${variant}`);
    const { device, choose } = adapter(Object.fromEntries(shaders.map((shader) => [shader, slowMs])));
    await choose({ matvecs: MATVEC_VARIANTS, matmuls: ['rows'] });
    const ran = device.submits.map(({ steps }) => steps[0]?.plan.dispatches[0]?.shader);
    expect(shaders.map((shader) => ran.filter((name) => name === shader).length)).toEqual([times, times, times]);
  });

  it('measures what it is given alone, and nothing where there is no choice', async () => {
    const { device, choose } = adapter({ matvec_subgroup: 0 });
    const few = { matvecs: ['rows', 'lanes'], matmuls: ['rows'] } as const;
    expect(await choose(few)).toEqual({ matvec: 'rows', rounding: null, matmul: 'rows' });
    expect(measured(device)).toEqual(['matvec_rows', 'matvec_lanes']);
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
