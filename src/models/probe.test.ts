import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import { RecordingDevice } from '../../test/support/recording-device';
import { Q4_1 } from '../quant/q4_1';
import { Q8_0 } from '../quant/q8_0';
import { chooseVariants, type KernelVariants, type VariantCache } from './probe';

/** A cache in memory. */
function memoryCache(): VariantCache & { readonly entries: Map<string, KernelVariants> } {
  const entries = new Map<string, KernelVariants>();
  return {
    entries,
    get: async (key) => entries.get(key) ?? null,
    set: async (key, variants) => void entries.set(key, variants),
  };
}

interface Adapter {
  readonly subgroups?: boolean;
  /** Milliseconds of a dispatch, by shader. */
  readonly ms?: Readonly<Record<string, number>>;
  readonly submitMs?: number;
  readonly kind?: 'webgpu' | 'reference';
}

/** A device that takes its time by the clock. */
function adapter({ subgroups = true, ms = {}, submitMs = 0, kind = 'webgpu' }: Adapter = {}) {
  const clock = new FakeClock();
  const device = new RecordingDevice(
    {
      subgroups,
      onSubmit: ({ steps }) => {
        const dispatches = steps.flatMap(({ plan }) => plan.dispatches);
        clock.advance(dispatches.reduce((sum, { shader }) => sum + (ms[shader] ?? 10), submitMs));
      },
    },
    kind,
  );
  const cache = memoryCache();
  const choose = (forced: Readonly<Record<string, string>> = {}, format = Q4_1): Promise<KernelVariants> =>
    chooseVariants(device, format, { clock, cache, forced });
  return { device, cache, choose, clock };
}

function measured(device: RecordingDevice): string[] {
  return [
    ...new Set(
      device.submits.flatMap(({ steps }) => steps.flatMap(({ plan }) => plan.dispatches.map((d) => d.shader))),
    ),
  ];
}

describe('chooseVariants', () => {
  it.each([
    [{ matvec_rows: 1 }, { matvec: 'rows', matmul: 'rows' }],
    [
      { matvec_lanes: 9.5, matmul_tile: 9.9 },
      { matvec: 'lanes', matmul: 'tile' },
    ],
    [
      { matvec_subgroup: 0.001, matvec_lanes: 0.002, matmul_tile: 400 },
      { matvec: 'subgroup', matmul: 'rows' },
    ],
    [
      { matvec_rows: 150, matvec_lanes: 300, matvec_subgroup: 950 },
      { matvec: 'rows', matmul: 'rows' },
    ],
  ])('takes the fastest: %j', async (ms, variants) => {
    expect(await adapter({ ms }).choose()).toEqual(variants);
  });

  it('looks past the latency of a submission', async () => {
    const ms = { matvec_rows: 0.2, matvec_lanes: 0.1, matvec_subgroup: 0.19 };
    const { choose, device } = adapter({ ms, submitMs: 0.5 });
    expect((await choose()).matvec).toBe('lanes');
    expect(Math.max(...device.submits.map(({ steps }) => steps.length))).toBeGreaterThan(8);
    expect(Math.max(...device.submits.map(({ steps }) => steps.length))).toBeLessThanOrEqual(64);
  });

  it('does not let what else the machine does decide', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const device = new RecordingDevice(
      {
        subgroups: true,
        onSubmit: ({ steps }) => {
          const [shader = ''] = steps.flatMap(({ plan }) => plan.dispatches.map((dispatch) => dispatch.shader));
          runs += 1;
          // Every other submission meets a busy moment.
          clock.advance((shader === 'matvec_rows' ? 40 : 60) * (runs % 2 === 0 ? 3 : 1));
        },
      },
      'webgpu',
    );
    const options = { clock, cache: memoryCache(), forced: { matmul: 'rows' } };
    expect((await chooseVariants(device, Q4_1, options)).matvec).toBe('rows');
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
    const variants = await chooseVariants(device, Q4_1, { clock, cache: memoryCache(), forced: {} });
    expect(variants.matvec).toBe('rows');
  });

  it('measures on weights of the format, in the shapes of decode and of prefill', async () => {
    const { device, choose } = adapter();
    await choose({}, Q8_0);
    expect(measured(device)).toEqual(['matvec_rows', 'matvec_lanes', 'matvec_subgroup', 'matmul_rows', 'matmul_tile']);
    for (const { steps } of device.submits) {
      for (const { plan, rows } of steps) {
        expect(plan.dispatches).toMatchObject([{ module: 'q8_0' }]);
        expect(rows).toBe(plan.dispatches[0]?.kernel === 'matvec' ? 1 : 64);
      }
    }
  });

  it('tries no subgroups on an adapter without', async () => {
    const { device, choose } = adapter({ subgroups: false, ms: { matvec_subgroup: 0 } });
    expect((await choose()).matvec).not.toBe('subgroup');
    expect(measured(device)).not.toContain('matvec_subgroup');
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
    const cache = memoryCache();
    const choice = chooseVariants(device, Q4_1, { clock: new FakeClock(), cache, forced: {} });
    await expect(choice).rejects.toThrow('lost');
    expect([device.buffers.size, device.plans.size, cache.entries.size]).toEqual([0, 0, 0]);
  });

  it('remembers its choice for this adapter, build and format', async () => {
    const { device, cache, choose } = adapter({ ms: { matvec_lanes: 1 } });
    const first = await choose();
    expect([...cache.entries]).toEqual([['recorder|subgroups|recorded|Q4_1', first]]);
    const before = device.submits.length;
    expect(await choose()).toEqual(first);
    expect(device.submits).toHaveLength(before);
    expect(device.counters().buffersCreated).toBe(4);
    await choose({}, Q8_0);
    expect(device.submits.length).toBeGreaterThan(before);
    expect(cache.entries.size).toBe(2);
  });
});

describe('forced variants', () => {
  it('are taken without measuring where all are named', async () => {
    const { device, cache, choose } = adapter();
    expect(await choose({ matvec: 'lanes', matmul: 'tile' })).toEqual({ matvec: 'lanes', matmul: 'tile' });
    expect([device.submits.length, cache.entries.size]).toEqual([0, 0]);
  });

  it('do not become what is remembered', async () => {
    const { cache, choose } = adapter({ ms: { matvec_rows: 1 } });
    expect(await choose({ matvec: 'lanes' })).toEqual({ matvec: 'lanes', matmul: 'rows' });
    expect([...cache.entries.values()]).toEqual([{ matvec: 'rows', matmul: 'rows' }]);
  });

  it.each([
    [{ matvec: 'fast' }, 'debug.variants.matvec', '"fast" is not one of rows, lanes'],
    [{ matvec: 'subgroup' }, 'debug.variants.matvec', '"subgroup" is not one of rows, lanes'],
    [{ matmul: '' }, 'debug.variants.matmul', '"" is not one of rows, tile'],
    [{ attention: 'flash' }, 'debug.variants.attention', 'only matvec and matmul have variants'],
  ])('are refused by name: %j', async (forced, param, words) => {
    const { choose } = adapter({ subgroups: false });
    await expect(choose(forced)).rejects.toMatchObject({
      code: 'invalid-request',
      param,
      message: expect.stringContaining(words),
    });
  });

  it('need no measuring on the reference device, nor do others', async () => {
    const { device, choose } = adapter({ kind: 'reference' });
    expect(await choose()).toEqual({ matvec: 'rows', matmul: 'rows' });
    expect(await choose({ matmul: 'tile' })).toEqual({ matvec: 'rows', matmul: 'tile' });
    expect(device.submits).toEqual([]);
  });
});
