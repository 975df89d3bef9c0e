import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PassTimestamps, Profiler } from './profiler';

/** Nanoseconds, as a device writes them. */
const timestamps = (...ns: readonly number[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(ns, (value) => BigInt(value)).buffer);

describe('a profiler', () => {
  it('adds up the milliseconds of each kernel’s passes', () => {
    const profiler = new Profiler();
    profiler.add(
      ['matvec', 'argmax', 'matvec'],
      timestamps(5e9, 5e9 + 2e6, 5e9 + 3e6, 5e9 + 3.25e6, 5e9 + 4e6, 5e9 + 5e6),
    );
    profiler.add(['argmax'], timestamps(7e9, 7e9 + 1e6));
    expect(profiler.kernelTimes()).toEqual([
      { kernel: 'matvec', dispatches: 2, gpuMs: 3 },
      { kernel: 'argmax', dispatches: 2, gpuMs: 1.25 },
    ]);
  });

  it('takes a clock that goes back for none', () => {
    const profiler = new Profiler();
    profiler.add(['argmax'], timestamps(7e9, 6e9));
    expect(profiler.kernelTimes()).toEqual([{ kernel: 'argmax', dispatches: 1, gpuMs: 0 }]);
  });
});

describe('timestamps of more passes than one set has place for', () => {
  beforeEach(() => {
    vi.stubGlobal('GPUBufferUsage', { QUERY_RESOLVE: 512, COPY_SRC: 4 });
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('lie behind each other, two a pass, and leave nothing behind', () => {
    const there: string[] = [];
    const thing = (name: string, more = {}) => {
      there.push(name);
      return { name, ...more, destroy: () => void there.splice(there.indexOf(name), 1) };
    };
    const gpu = {
      createBuffer: ({ size }: GPUBufferDescriptor) => thing(`${size} bytes`),
      createQuerySet: ({ count }: GPUQuerySetDescriptor) => thing(`${count} queries`),
    };
    const times = new PassTimestamps(gpu as unknown as GPUDevice, 2049);
    expect(there).toEqual([`${2049 * 16} bytes`, '4096 queries', '2 queries']);
    const places = [0, 2047, 2048].map((pass) => {
      const { querySet, ...indices } = times.writesOf(pass) ?? {};
      return [Reflect.get(querySet ?? {}, 'name'), ...Object.values(indices)];
    });
    expect(places).toEqual([
      ['4096 queries', 0, 1],
      ['4096 queries', 4094, 4095],
      ['2 queries', 0, 1],
    ]);
    const resolved: unknown[][] = [];
    const encoder = { resolveQuerySet: (...[, first, count, , at]: unknown[]) => resolved.push([first, count, at]) };
    times.resolve(encoder as unknown as GPUCommandEncoder);
    expect(resolved).toEqual([
      [0, 4096, 0],
      [0, 2, 4096 * 8],
    ]);
    times.destroy();
    expect(there).toEqual([]);
  });
});
